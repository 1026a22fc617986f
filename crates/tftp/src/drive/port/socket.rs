//! A connected UDP socket, as well as the platform can do it.

#[cfg_attr(target_os = "linux", path = "socket/linux.rs")]
#[cfg_attr(not(target_os = "linux"), path = "socket/portable.rs")]
mod platform;

pub(super) use platform::Socket;
