//! PXE: who is booting, what to answer, and the boot scripts of iPXE, GRUB and pxelinux.
