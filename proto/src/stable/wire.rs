//! Walking over encoded fields. Bytes that make no sense end the walk.

use std::ops::Range;

/// A field: its tag, and where it starts, its content starts, and it ends.
#[derive(Debug, Clone, Copy)]
pub(super) struct Field {
    pub(super) tag: u32,
    pub(super) start: usize,
    body: usize,
    pub(super) end: usize,
}

impl Field {
    pub(super) fn content(&self) -> Range<usize> {
        self.body..self.end
    }
}

/// The field that starts here.
pub(super) fn next(bytes: &[u8], start: usize) -> Option<Field> {
    let (key, after_key) = varint(bytes, start)?;
    let (body, end) = match key & 7 {
        0 => (after_key, varint(bytes, after_key)?.1),
        1 => (after_key, after_key + 8),
        2 => {
            let (len, body) = varint(bytes, after_key)?;
            (body, body.checked_add(usize::try_from(len).ok()?)?)
        }
        5 => (after_key, after_key + 4),
        _ => return None,
    };
    let tag = u32::try_from(key >> 3).ok()?;
    (end <= bytes.len()).then_some(Field { tag, start, body, end })
}

fn varint(bytes: &[u8], start: usize) -> Option<(u64, usize)> {
    let mut value = 0;
    for (n, byte) in bytes.get(start..)?.iter().take(10).enumerate() {
        value |= u64::from(byte & 0x7f) << (7 * n);
        if byte & 0x80 == 0 {
            return Some((value, start + n + 1));
        }
    }
    None
}
