//! A foreign DHCP server: dnsmasq, in a network namespace of its own on the lab's bridge.

use crate::error::{Doing, Result};
use crate::matrix::row::Dhcp;
use crate::network::{self, BRIDGE, SERVER};
use std::path::Path;
use std::process::Stdio;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, Command};

const ADDRESS: &str = "10.77.0.9";
const RANGE: &str = "10.77.0.50,10.77.0.59";

/// A running dnsmasq. It ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Dnsmasq {
    _child: Child,
}

impl Dnsmasq {
    /// Starts one where `dhcp` says that there is one.
    pub(crate) async fn start(dhcp: Dhcp, run: &Path) -> Result<Option<Self>> {
        let boot = match dhcp {
            Dhcp::Ours => return Ok(None),
            Dhcp::Proxy => String::new(),
            Dhcp::NextServer(file) => format!("--dhcp-boot={file},firstlight,{SERVER}"),
        };
        // It says when it has its namespace, and waits until its end of the wire is there.
        let script = format!(
            "echo ready; read go; ip link set lo up; ip address add {ADDRESS}/24 dev foreign0; ip link set foreign0 up; \
             exec dnsmasq --keep-in-foreground --conf-file=/dev/null --port=0 --interface=foreign0 --no-ping \
             --leasefile-ro --pid-file= --user=root --dhcp-authoritative --log-dhcp --dhcp-range={RANGE} {boot}"
        );
        let log = std::fs::File::create(run.join("dnsmasq.log")).doing("dnsmasq's log cannot be written")?;
        let mut child = Command::new("unshare")
            .args(["--net", "sh", "-c", &script])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .doing("unshare (package util-linux) does not start")?;
        if let Some(output) = child.stdout.take() {
            let mut ready = String::new();
            BufReader::new(output).read_line(&mut ready).await.doing("dnsmasq's namespace is not made")?;
        }
        let process = child.id().unwrap_or_default();
        network::ip(&format!(
            "link add foreign type veth peer name foreign0 netns {process}\nlink set foreign master {BRIDGE} up\n"
        ))
        .await?;
        if let Some(input) = &mut child.stdin {
            input.write_all(b"go\n").await.doing("dnsmasq's namespace is gone")?;
        }
        Ok(Some(Self { _child: child }))
    }
}
