//! Namespaces that nothing outlives.
//!
//! There is no named namespace and nothing to clean up: the inner half is the
//! first process of a process namespace, so the kernel kills every process in it
//! (the server, QEMU, tcpdump) when it ends, and the network and mounts go with
//! the last process. `setpriv --pdeathsig` makes that happen even if the outer
//! half is killed with SIGKILL.

use tokio::process::Command;

/// A command whose arguments are a program to run contained: own processes and
/// mounts, the host's network. It dies with the thread that starts it.
pub(crate) fn contained() -> Command {
    command(&[])
}

/// The same with a network of its own, empty but for a loopback that is down.
pub(crate) fn isolated() -> Command {
    command(&["--net"])
}

fn command(more: &[&str]) -> Command {
    let mut command = Command::new("setpriv");
    command
        .args(["--pdeathsig", "KILL", "unshare"])
        .args(more)
        .args(["--mount", "--pid", "--fork", "--kill-child=KILL", "--mount-proc", "--"])
        .kill_on_drop(true);
    command
}
