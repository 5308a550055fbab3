use encoding_rs::{Decoder, DecoderResult, GB18030, UTF_8};

/// Whether bytes that come piece by piece are a text: UTF-8 or GB18030, without control characters other than those
/// that lay out lines. Nothing is kept of them.
pub struct TextSanity {
    utf8: Option<Decoder>,
    gb18030: Option<Decoder>,
    plain: bool,
}

impl Default for TextSanity {
    fn default() -> Self {
        TextSanity {
            utf8: Some(UTF_8.new_decoder_with_bom_removal()),
            gb18030: Some(GB18030.new_decoder_without_bom_handling()),
            plain: true,
        }
    }
}

impl std::fmt::Debug for TextSanity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TextSanity").field("plain", &self.plain).finish_non_exhaustive()
    }
}

impl TextSanity {
    /// Looks at the next bytes; `false` once it cannot be a text any more.
    pub fn push(&mut self, bytes: &[u8]) -> bool {
        self.step(bytes, false)
    }

    /// Whether all that has come is a text.
    pub fn end(&mut self) -> bool {
        self.step(&[], true)
    }

    fn step(&mut self, bytes: &[u8], last: bool) -> bool {
        // Both encodings leave these bytes to ASCII alone; a second byte of GB18030 is never below 0x30.
        let control = |byte: u8| byte == 0x7f || (byte < 0x20 && !matches!(byte, b'\t' | b'\n' | b'\r' | 0x0c));
        self.plain &= !bytes.iter().copied().any(control);
        for decoder in [&mut self.utf8, &mut self.gb18030] {
            if !decoder.as_mut().is_none_or(|running| reads(running, bytes, last)) {
                *decoder = None;
            }
        }
        self.plain && (self.utf8.is_some() || self.gb18030.is_some())
    }
}

/// Whether the decoder reads these bytes without a fault.
fn reads(decoder: &mut Decoder, mut bytes: &[u8], last: bool) -> bool {
    let mut room = [0u8; 4096];
    loop {
        let (outcome, read, _) = decoder.decode_to_utf8_without_replacement(bytes, &mut room, last);
        bytes = &bytes[read..];
        match outcome {
            DecoderResult::InputEmpty => return true,
            DecoderResult::OutputFull => {}
            DecoderResult::Malformed(..) => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sane(bytes: &[u8], piece: usize) -> bool {
        let mut text = TextSanity::default();
        bytes.chunks(piece).all(|piece| text.push(piece)) && text.end()
    }

    #[test]
    fn chinese_text_is_text_in_both_encodings() {
        for text in ["姓名,电话\r\n张三,13800138000\n", "\u{FEFF}带签名的文本", "plain\tascii", "𠮷野家"]
        {
            assert!(sane(text.as_bytes(), 1), "{text}");
            assert!(sane(&GB18030.encode(text.trim_start_matches('\u{FEFF}')).0, 1), "{text}");
        }
    }

    #[test]
    fn what_is_no_text_is_none_in_whatever_pieces_it_comes() {
        for bytes in [&b"MZ\x90\x00\x03"[..], b"\xff\xfea\x00", b"a\x1bb", b"\xff\xff", &"中文".as_bytes()[..5]] {
            for piece in [1, 2, 64] {
                assert!(!sane(bytes, piece), "{bytes:?}");
            }
        }
    }

    proptest! {
        #[test]
        fn the_pieces_make_no_difference(bytes in prop::collection::vec(any::<u8>(), 0..40), piece in 1usize..9) {
            prop_assert_eq!(sane(&bytes, piece), sane(&bytes, 64));
        }
    }
}
