//! A file server: `cargo run --example file_server --features tokio -- 127.0.0.1:6969 /srv/tftp`.

use firstlight_tftp::{DirHandler, Server};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(address), Some(root)) = (arguments.next(), arguments.next()) else {
        return Err("usage: file_server ADDRESS:PORT DIRECTORY".into());
    };
    let server = Server::bind(address.parse()?)?;
    server.serve(DirHandler::open(root)?, std::future::pending()).await?;
    Ok(())
}
