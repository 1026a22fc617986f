//! Options that hold one number.

typed! { u32 " s";
    /// The lease in seconds; all ones is for ever (RFC 2132 §9.2).
    LeaseTime = LEASE_TIME;
    /// T1 in seconds (RFC 2132 §9.11).
    RenewalTime = RENEWAL_TIME;
    /// T2 in seconds (RFC 2132 §9.12).
    RebindingTime = REBINDING_TIME;
}
