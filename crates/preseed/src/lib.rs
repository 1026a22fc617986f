//! Preseed lookup and the template language of MAAS.
