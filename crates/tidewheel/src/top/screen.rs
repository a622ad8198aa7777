//! The terminal as a screen of our own: its second page, keys as they are pressed, and everything as
//! it was before when it is left, however that is.

use rustix::termios::{
    LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcgetwinsize, tcsetattr,
};
use std::io::{self, Read, Write};
use std::sync::Mutex;

/// The second page, and no cursor.
const ENTER: &str = "\u{1b}[?1049h\u{1b}[?25l";
const LEAVE: &str = "\u{1b}[?25h\u{1b}[?1049l";

/// How long [`Screen::key`] waits for one, in tenths of a second. The size of the terminal is looked
/// at as often.
const KEY_WAIT: u8 = 2;

/// The code of a key that does nothing special: `_POSIX_VDISABLE`, which is this on Linux. Elsewhere it
/// may be another, and then Ctrl-@ does what these keys did.
const DISABLED: u8 = 0;

/// What the terminal was like, while it is ours.
static BEFORE: Mutex<Option<Termios>> = Mutex::new(None);

/// Makes the terminal what it was.
pub fn restore() {
    let Some(before) = BEFORE.lock().expect("no holder panics").take() else { return };
    // There is nobody to tell if it fails. Who draws meanwhile has drawn, or finds it given back.
    let _ = tcsetattr(io::stdin(), OptionalActions::Now, &before);
    let _ = write(LEAVE);
}

/// The terminal, which is ours until this is dropped or [`restore`] is called.
pub struct Screen;

/// What was pressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// It is enough.
    Leave,
    /// Anything else: it is to be looked again.
    Other,
}

impl Screen {
    /// Takes it over.
    pub fn enter() -> io::Result<Screen> {
        let before = tcgetattr(io::stdin())?;
        let mut modes = before.clone();
        // Ctrl-C stays a signal. Those that would leave the screen as it is, stopped or with a core, are
        // keys like any other.
        modes.local_modes.remove(LocalModes::ICANON | LocalModes::ECHO);
        for code in [SpecialCodeIndex::VSUSP, SpecialCodeIndex::VQUIT] {
            modes.special_codes[code] = DISABLED;
        }
        modes.special_codes[SpecialCodeIndex::VMIN] = 0;
        modes.special_codes[SpecialCodeIndex::VTIME] = KEY_WAIT;
        *BEFORE.lock().expect("no holder panics") = Some(before);
        tcsetattr(io::stdin(), OptionalActions::Now, &modes)?;
        write(ENTER)?;
        Ok(Screen)
    }

    /// Columns and rows.
    pub fn size() -> (usize, usize) {
        let size = tcgetwinsize(io::stdout()).ok();
        let size = size.map(|size| (usize::from(size.ws_col), usize::from(size.ws_row)));
        size.filter(|(columns, rows)| *columns > 0 && *rows > 0).unwrap_or((80, 24))
    }

    /// Shows a text in place of what was there.
    pub fn draw(&self, text: &str) -> io::Result<()> {
        let ours = BEFORE.lock().expect("no holder panics");
        if ours.is_none() {
            return Ok(()); // It was given back meanwhile.
        }
        // Each line ends by what was there before, and so does the last.
        let lines = text.replace('\n', "\u{1b}[K\r\n");
        write(&format!("\u{1b}[H{lines}\u{1b}[K\u{1b}[J"))
    }

    /// Waits a little for a key.
    pub fn key(&self) -> io::Result<Option<Key>> {
        let mut byte = [0];
        match io::stdin().lock().read(&mut byte) {
            Ok(0) => Ok(None),
            Ok(_) => Ok(Some(match byte[0] {
                b'q' | b'Q' => Key::Leave,
                _ => Key::Other,
            })),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(None),
            Err(error) => Err(error),
        }
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        restore();
    }
}

fn write(text: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(text.as_bytes())?;
    stdout.flush()
}
