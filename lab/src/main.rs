//! `cargo lab`: the virtual lab.
fn main() {}
