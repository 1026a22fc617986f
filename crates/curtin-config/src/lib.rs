//! curtin configuration: parse with positions, check, and plan an installation as ordered commands.
