//! Option overload: options that do not fit the option field go to `file` and `sname`.
//!
//! RFC 2131 §4.1, RFC 2132 §9.3, RFC 3396 §7 (the order of the fields). Option 82 stays in the option field, where a
//! relay looks for it (RFC 3046 §2.1).

use super::{
    emit::{EmitPolicy, rank},
    encoder::{EmitError, Encoder, HEADER, put_piece},
    message::Message,
    option_code::OptionCode,
};

/// Writes the options of a message that is too large without overload; gives its size.
pub(super) fn write(message: &Message, policy: &EmitPolicy, encoder: Encoder<'_>) -> Result<usize, EmitError> {
    let too_large = |max| {
        let mut size = HEADER + 1;
        message.for_each(policy, |_, piece| size += 2 + piece.len());
        EmitError::TooLarge { size, max }
    };
    let Some([sname, file, options]) = encoder.fields() else { return Err(too_large(0)) };
    let max = HEADER + options.len();

    let mut relay = 0;
    message.for_each(policy, |code, piece| relay += if rank(code) == 2 { 2 + piece.len() } else { 0 });
    let mut fields = [Field::new(options, relay), Field::name(file), Field::name(sname)];

    let mut at = 0;
    let mut fits = true;
    let mut overload = None;
    message.for_each(policy, |code, piece| {
        if rank(code) > 0 && overload.is_none() {
            overload = Some(fields[0].len);
            fits &= fields[0].push(OptionCode::OVERLOAD, &[0]);
        }
        if rank(code) == 2 {
            fields[0].kept = 0;
            fits &= fields[0].push(code, piece);
        } else {
            fits &= place(&mut fields, &mut at, code, piece);
        }
    });
    // Whatever is written in a field says that it holds options.
    let used = u8::from(fields[1].len > 0) | u8::from(fields[2].len > 0) << 1;
    let value = overload.and_then(|at| fields[0].bytes.get_mut(at + 2));
    match value {
        Some(value) if fits => *value = used,
        _ => return Err(too_large(max)),
    }
    let [options, file, sname] = fields;
    file.end();
    sname.end();
    Ok((HEADER + options.end()).max(policy.min_size.min(max)))
}

/// A field that takes options.
struct Field<'b> {
    // Empty if the field is in use for something else.
    bytes: &'b mut [u8],
    len: usize,
    /// Bytes to keep free, besides the one for the end.
    kept: usize,
}

impl<'b> Field<'b> {
    const fn new(bytes: &'b mut [u8], kept: usize) -> Self {
        Self { bytes, len: 0, kept }
    }

    /// A field that holds a name, unless it is empty.
    fn name(bytes: &'b mut [u8]) -> Self {
        let empty = bytes.iter().all(|byte| *byte == 0);
        Self::new(if empty { bytes } else { &mut [] }, 0)
    }

    /// How long an option may be, with its code and length.
    fn room(&self) -> usize {
        self.bytes.len().saturating_sub(self.len + self.kept + 1)
    }

    fn push(&mut self, code: OptionCode, piece: &[u8]) -> bool {
        let end = self.len + 2 + piece.len();
        let fits = 2 + piece.len() <= self.room();
        if let Some(to) = self.bytes.get_mut(self.len..end).filter(|_| fits) {
            put_piece(to, code, piece);
            self.len = end;
        }
        fits
    }

    /// Ends the options, if there are any, with an end and zeroes; gives their size.
    fn end(self) -> usize {
        if let Some([end, padding @ ..]) = self.bytes.get_mut(self.len..).filter(|_| self.len > 0) {
            *end = OptionCode::END.0;
            padding.fill(0);
        }
        self.len + 1
    }
}

/// Puts a piece into the first field, from `at` on, that takes all of it. One that no field takes is split (RFC 3396)
/// over the fields that are left. `at` never goes back, so that the options are read in the order of their placing.
fn place(fields: &mut [Field<'_>; 3], at: &mut usize, code: OptionCode, mut piece: &[u8]) -> bool {
    loop {
        let fits_later = fields.iter().skip(*at + 1).any(|field| 2 + piece.len() <= field.room());
        let Some(field) = fields.get_mut(*at) else { return false };
        if field.push(code, piece) {
            return true;
        }
        let part = field.room().saturating_sub(2);
        if let Some((part @ [_, ..], rest)) = piece.split_at_checked(part).filter(|_| !fits_later) {
            field.push(code, part);
            piece = rest;
        }
        *at += 1;
    }
}
