//! Cuts a TCP byte stream into `< ... >` messages, however it arrives in pieces.

/// Longest text between `<` and `>`; longer ones are garbage.
pub const MAX_MESSAGE: usize = 2048;

/// Collects bytes and hands out the text between `<` and `>`.
#[derive(Debug, Clone, Default)]
pub struct Splitter {
    buffer: Vec<u8>,
    at: usize,
    skipped: u64,
}

impl Splitter {
    /// Bytes outside messages, and messages without an end, that were thrown away.
    #[must_use]
    pub const fn skipped(&self) -> u64 {
        self.skipped
    }

    /// Adds bytes from the stream. Call [`Splitter::next_message`] until it is empty before adding
    /// more, so that the buffer stays small.
    pub fn push(&mut self, bytes: &[u8]) {
        self.buffer.drain(..self.at.min(self.buffer.len()));
        self.at = 0;
        self.buffer.extend_from_slice(bytes);
    }

    /// Forgets everything: a new connection begins.
    pub fn clear(&mut self) {
        self.buffer.clear();
        self.at = 0;
    }

    /// The next complete message without its brackets and outer blanks.
    pub fn next_message(&mut self) -> Option<&[u8]> {
        let (from, to) = self.find()?;
        self.buffer.get(from..to).map(<[u8]>::trim_ascii)
    }

    /// Where the text of the next message is; moves past it.
    fn find(&mut self) -> Option<(usize, usize)> {
        loop {
            let rest = self.buffer.get(self.at..).unwrap_or_default();
            let Some(end) = rest.iter().position(|&b| b == b'>') else {
                self.drop_garbage();
                return None;
            };
            let until = rest.get(..end).unwrap_or_default();
            // Of two `<` the first was never closed; with none this is garbage.
            let begin = until.iter().rposition(|&b| b == b'<');
            let garbage = until.iter().take(begin.unwrap_or(end));
            self.skipped += garbage.filter(|b| !b.is_ascii_whitespace()).count() as u64;
            let start = self.at;
            self.at += end + 1;
            if let Some(begin) = begin {
                return Some((start + begin + 1, start + end));
            }
        }
    }

    /// Without an end in sight only a possible beginning is worth keeping.
    fn drop_garbage(&mut self) {
        let rest = self.buffer.get(self.at..).unwrap_or_default();
        let keep = rest.iter().rposition(|&b| b == b'<').filter(|&i| rest.len() - i <= MAX_MESSAGE);
        let drop = keep.unwrap_or(rest.len());
        self.skipped += drop as u64;
        self.at += drop;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn all(splitter: &mut Splitter) -> Vec<String> {
        let mut found = Vec::new();
        while let Some(message) = splitter.next_message() {
            found.push(String::from_utf8_lossy(message).into_owned());
        }
        found
    }

    #[test]
    fn garbage_between_messages_is_skipped() {
        let mut splitter = Splitter::default();
        splitter.push(b"xx< ok >yy>< hi >\n<broken < ok >");
        assert_eq!(all(&mut splitter), ["ok", "hi", "ok"]);
        assert!(splitter.skipped() >= 5);
    }

    #[test]
    fn endless_message_does_not_fill_the_memory() {
        let mut splitter = Splitter::default();
        splitter.push(b"<");
        for _ in 0..1000 {
            splitter.push(&[b'x'; 1000]);
            assert!(splitter.next_message().is_none());
            assert!(splitter.buffer.len() <= MAX_MESSAGE + 1001);
        }
        splitter.push(b"< ok >");
        assert_eq!(all(&mut splitter), ["ok"]);
    }

    proptest! {
        #[test]
        fn any_cutting_of_the_stream_gives_the_same_messages(
            cuts in prop::collection::vec(1_usize..9, 1..40),
        ) {
            let text = b"< hi >< ok >< frame 181 1.5 0102 >< send 201 2 1 f1 >  < echo >";
            let (mut splitter, mut found, mut at) = (Splitter::default(), Vec::new(), 0);
            for cut in cuts.into_iter().chain([text.len()]) {
                let end = (at + cut).min(text.len());
                splitter.push(&text[at..end]);
                found.extend(all(&mut splitter));
                at = end;
            }
            prop_assert_eq!(
                found,
                ["hi", "ok", "frame 181 1.5 0102", "send 201 2 1 f1", "echo"]
            );
        }

        #[test]
        fn arbitrary_bytes_never_panic(pieces: Vec<Vec<u8>>) {
            let mut splitter = Splitter::default();
            for piece in pieces {
                splitter.push(&piece);
                all(&mut splitter);
            }
        }
    }
}
