//! The `firstlight` command.

fn main() -> std::process::ExitCode {
    firstlight::cli::main()
}
