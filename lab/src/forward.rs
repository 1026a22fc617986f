//! Carries the web page out of the lab's network: a TCP port on 127.0.0.1 of the
//! host, a Unix socket in the run's folder, the server's port inside.

use crate::error::{Doing, Result};
use std::fs::File;
use std::net::{Ipv4Addr, SocketAddr};
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};

const SOCKET: &str = "web.sock";

/// Listens on the host's loopback.
pub(crate) async fn listen_outside(port: u16) -> Result<TcpListener> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port))
        .await
        .doing(format!("127.0.0.1:{port} cannot be used for the web page (--web-port)"))
}

/// Outer half: from the TCP port to the socket in `run`, for ever.
pub(crate) async fn outside(listener: TcpListener, run: PathBuf) {
    let Ok(folder) = File::open(&run) else { return };
    let path = short(&folder, SOCKET);
    loop {
        let Ok((mut client, _)) = listener.accept().await else {
            continue;
        };
        let path = path.clone();
        tokio::spawn(async move {
            // While the server is down the browser sees a closed connection.
            if let Ok(mut inner) = UnixStream::connect(path).await {
                let _ = copy_bidirectional(&mut client, &mut inner).await;
            }
        });
    }
}

/// Inner half: from the socket in `run` to the server, for ever.
pub(crate) async fn inside(run: &Path, server: SocketAddr) -> Result<()> {
    let doing = || format!("the socket for the web page cannot be made in {}", run.display());
    let folder = File::open(run).doing(doing())?;
    let path = short(&folder, SOCKET);
    let _ = std::fs::remove_file(&path);
    let listener = UnixListener::bind(&path).doing(doing())?;
    tokio::spawn(async move {
        let _folder = folder;
        loop {
            let Ok((mut client, _)) = listener.accept().await else {
                continue;
            };
            tokio::spawn(async move {
                if let Ok(mut inner) = TcpStream::connect(server).await {
                    let _ = copy_bidirectional(&mut client, &mut inner).await;
                }
            });
        }
    });
    Ok(())
}

/// A socket's path may have 107 bytes, a folder's many more: go through the open folder.
pub(crate) fn short(folder: &File, socket: &str) -> PathBuf {
    PathBuf::from(format!("/proc/self/fd/{}/{socket}", folder.as_raw_fd()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    #[tokio::test]
    async fn carries_bytes_both_ways_from_a_deep_folder() {
        let temp = tempfile::tempdir().unwrap();
        let run = temp.path().join("x".repeat(200));
        std::fs::create_dir(&run).unwrap();
        let server = TcpListener::bind("127.0.0.1:0").await.unwrap();
        inside(&run, server.local_addr().unwrap()).await.unwrap();
        let listener = listen_outside(0).await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(outside(listener, run));

        let mut client = TcpStream::connect(address).await.unwrap();
        let (mut accepted, _) = server.accept().await.unwrap();
        client.write_all(b"ping").await.unwrap();
        let mut got = [0; 4];
        accepted.read_exact(&mut got).await.unwrap();
        assert_eq!(&got, b"ping");
        accepted.write_all(b"pong").await.unwrap();
        client.read_exact(&mut got).await.unwrap();
        assert_eq!(&got, b"pong");
    }
}
