//! The evaluator: expressions over values, within limits.

/// How much a rendering may cost. Templates come from users, and one must not stop a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Operations: evaluated nodes, loop turns, and bytes or items that an operation produces.
    pub steps: u64,
    /// Nested operations.
    pub depth: u32,
    /// Bytes of output.
    pub output: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { steps: 2_000_000, depth: 64, output: 4 << 20 }
    }
}
