use crate::text_enum;

text_enum! {
    /// What a file belongs to.
    AttachmentSubject {
        Customer = "customer",
        Interaction = "interaction",
        Feedback = "feedback",
    }
}

/// A type of file that may be attached. Whatever a browser would run as a page (html, svg) is none.
#[derive(Debug, PartialEq, Eq)]
pub struct FileType {
    pub extension: &'static str,
    /// What it is served as.
    pub media_type: &'static str,
    /// What else its sender may call it.
    aliases: &'static [&'static str],
    /// What its first bytes may show; nothing for texts, which are read instead.
    signs: &'static [&'static str],
}

const ZIP: &str = "application/zip";
const OLE: &str = "application/x-ole-storage";

macro_rules! file_types {
    ($($extension:literal = $media_type:literal [$($alias:literal),*] [$($sign:expr),*];)+) => {
        const FILE_TYPES: &[FileType] = &[$(FileType {
            extension: $extension, media_type: $media_type, aliases: &[$($alias),*], signs: &[$($sign),*],
        }),+];
    };
}

file_types! {
    "pdf" = "application/pdf" [] ["application/pdf"];
    "png" = "image/png" [] ["image/png"];
    "jpg" = "image/jpeg" ["image/jpg", "image/pjpeg"] ["image/jpeg"];
    "jpeg" = "image/jpeg" ["image/jpg", "image/pjpeg"] ["image/jpeg"];
    "gif" = "image/gif" [] ["image/gif"];
    "webp" = "image/webp" [] ["image/webp"];
    "bmp" = "image/bmp" ["image/x-ms-bmp"] ["image/bmp"];
    "txt" = "text/plain" [] [];
    "csv" = "text/csv" ["text/plain", "application/csv", "application/vnd.ms-excel"] [];
    "docx" = "application/vnd.openxmlformats-officedocument.wordprocessingml.document" []
        ["application/vnd.openxmlformats-officedocument.wordprocessingml.document", ZIP];
    "xlsx" = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet" []
        ["application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", ZIP];
    "pptx" = "application/vnd.openxmlformats-officedocument.presentationml.presentation" []
        ["application/vnd.openxmlformats-officedocument.presentationml.presentation", ZIP];
    "doc" = "application/msword" [] ["application/msword", OLE];
    "xls" = "application/vnd.ms-excel" ["application/msexcel", "application/x-msexcel"] ["application/vnd.ms-excel", OLE];
    "ppt" = "application/vnd.ms-powerpoint" ["application/mspowerpoint"] ["application/vnd.ms-powerpoint", OLE];
    "zip" = "application/zip" ["application/x-zip-compressed"] [ZIP];
    "mp3" = "audio/mpeg" ["audio/mp3"] ["audio/mpeg"];
    "m4a" = "audio/mp4" ["audio/m4a", "audio/x-m4a"] ["audio/m4a", "video/mp4"];
    "wav" = "audio/wav" ["audio/x-wav", "audio/wave", "audio/vnd.wave"] ["audio/x-wav"];
    "amr" = "audio/amr" [] ["audio/amr"];
    "mp4" = "video/mp4" [] ["video/mp4"];
}

impl FileType {
    /// The type with this extension (in lower case), among all that there are.
    pub fn of(extension: &str) -> Option<&'static FileType> {
        FILE_TYPES.iter().find(|known| known.extension == extension)
    }

    /// Whether it is text, to be read to its end: texts have no signs at their beginning.
    pub fn is_text(&self) -> bool {
        self.signs.is_empty()
    }

    /// Whether a sender may call it so; not saying what it is says nothing against it.
    pub fn may_be_called(&self, declared: Option<&str>) -> bool {
        match declared.map(str::to_lowercase).as_deref() {
            None | Some("" | "application/octet-stream") => true,
            Some(declared) => declared == self.media_type || self.aliases.contains(&declared),
        }
    }

    /// Whether content that begins with `head`, by which it has been recognised as `found`, is of this type. An office
    /// document that shows only as a zip must have the folder that every one of its kind has.
    pub fn may_begin_like(&self, found: Option<&str>, head: &[u8]) -> bool {
        match (found, self.folder()) {
            (Some(ZIP), Some(folder)) => head.windows(folder.len()).any(|part| part == folder),
            (Some(found), _) => self.signs.contains(&found),
            (None, _) => self.is_text(),
        }
    }

    fn folder(&self) -> Option<&'static [u8]> {
        match self.extension {
            "docx" => Some(b"word/"),
            "xlsx" => Some(b"xl/"),
            "pptx" => Some(b"ppt/"),
            _ => None,
        }
    }
}

/// Pictures, as anybody may leave one with a feedback: what a browser shows and no more.
pub const PICTURES: [&str; 4] = ["jpg", "png", "webp", "gif"];

/// The picture that content is by what it begins with, `found` as in [`FileType::may_begin_like`]; whatever its name says.
pub fn picture(found: Option<&str>) -> Option<&'static FileType> {
    PICTURES.iter().filter_map(|extension| FileType::of(extension)).find(|known| found == Some(known.media_type))
}

/// The extension of a file name, in lower case.
pub fn file_extension(name: &str) -> Option<String> {
    name.rsplit_once('.').filter(|(stem, _)| !stem.is_empty()).map(|(_, extension)| extension.to_lowercase())
}

/// A file's name without the folders it came from, and without marks that would show it as something else
/// (`invoice\u{202E}fdp.exe`); `None` where nothing is left.
pub fn safe_file_name(name: &str) -> Option<String> {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let invisible = |c: char| {
        c.is_control()
            || matches!(c, '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{2069}' | '\u{FEFF}' | '\u{FFFD}')
    };
    let name: String = last.chars().filter(|c| !invisible(*c)).collect();
    let name = name.trim().trim_end_matches('.');
    (!name.is_empty() && name != "..").then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_browser_would_run_is_no_type() {
        for extension in ["html", "htm", "svg", "xhtml", "js", "exe", "xml", ""] {
            assert_eq!(FileType::of(extension), None, "{extension}");
        }
    }

    #[test]
    fn name_declaration_and_content_must_agree() {
        let pdf = FileType::of("pdf").unwrap();
        assert!(pdf.may_be_called(Some("Application/PDF")) && pdf.may_be_called(Some("application/octet-stream")));
        assert!(pdf.may_be_called(None) && !pdf.may_be_called(Some("text/html")));
        assert!(pdf.may_begin_like(Some("application/pdf"), b""));
        assert!(!pdf.may_begin_like(Some("image/png"), b"") && !pdf.may_begin_like(None, b""));
        let csv = FileType::of("csv").unwrap();
        assert!(csv.may_be_called(Some("application/vnd.ms-excel")), "as browsers on Windows do");
        assert!(
            csv.may_begin_like(None, b"") && !csv.may_begin_like(Some("text/html"), b""),
            "a page under another name"
        );
        let docx = FileType::of("docx").unwrap();
        assert!(
            docx.may_begin_like(Some(ZIP), b"PK...word/document.xml") && !docx.may_begin_like(Some(ZIP), b"PK...a.txt")
        );
    }

    #[test]
    fn a_picture_is_known_by_its_content() {
        assert_eq!(picture(Some("image/jpeg")).map(|known| known.extension), Some("jpg"));
        assert_eq!(PICTURES.map(|extension| FileType::of(extension).is_some()), [true; 4]);
        for other in [Some("image/bmp"), Some("image/svg+xml"), Some("application/pdf"), None] {
            assert_eq!(picture(other), None, "{other:?}");
        }
    }

    #[test]
    fn a_file_name_is_the_last_part_of_what_was_sent() {
        assert_eq!(safe_file_name("C:\\合同\\合同.pdf").as_deref(), Some("合同.pdf"));
        assert_eq!(safe_file_name("../../etc/passwd").as_deref(), Some("passwd"));
        assert_eq!(safe_file_name("in\u{202E}voice\r\n.pdf ").as_deref(), Some("invoice.pdf"));
        assert_eq!(safe_file_name("..").as_deref(), None);
        assert_eq!(safe_file_name("a/"), None);
        assert_eq!(file_extension("合同.PDF").as_deref(), Some("pdf"));
        assert_eq!(file_extension(".pdf"), None, "a hidden file without a type");
        assert_eq!(file_extension("pdf"), None);
    }
}
