/// `+8613800138000` → `138****8000`: three digits, four stars, four digits; short numbers keep their last two only.
pub fn mask_phone(phone: &str) -> String {
    let local = phone.strip_prefix("+86").unwrap_or(phone);
    let digits: Vec<char> = local.chars().collect();
    match digits.len() {
        0..=2 => "****".to_owned(),
        3..=7 => format!("****{}", tail(&digits, 2)),
        _ => format!("{}****{}", digits[..3].iter().collect::<String>(), tail(&digits, 4)),
    }
}

/// `zhang.wei@example.com` → `z****@example.com`.
pub fn mask_email(email: &str) -> String {
    match email.split_once('@') {
        Some((local, domain)) => format!("{}****@{domain}", local.chars().next().map(String::from).unwrap_or_default()),
        None => "****".to_owned(),
    }
}

fn tail(chars: &[char], n: usize) -> String {
    chars[chars.len().saturating_sub(n)..].iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn enough_is_hidden_at_every_length() {
        assert_eq!(mask_phone("+8613800138000"), "138****8000");
        assert_eq!(mask_phone("95588"), "****88");
        assert_eq!(mask_phone("1"), "****");
        assert_eq!(mask_email("zhang.wei@example.com"), "z****@example.com");
        assert_eq!(mask_email("no mail"), "****");
    }
}
