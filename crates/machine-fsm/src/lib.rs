//! The life of a bare-metal machine as one exhaustive, pure transition table.
