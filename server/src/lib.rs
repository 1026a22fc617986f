//! The Firstlight reference server.
