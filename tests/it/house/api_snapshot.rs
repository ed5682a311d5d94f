//! What `muhr-protocol` and `muhr-verify` promise to whoever builds on them: their public items, one a line.
//! A change of them fails here until the snapshot is blessed (`INSTA_UPDATE=always`) and its diff was read.

use std::{
    fs,
    path::{Path, PathBuf},
};

use quote::ToTokens;
use syn::{ImplItem, Item, Visibility};

#[test]
fn the_published_crates_promise_what_was_reviewed() {
    let root = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").unwrap()).join("..");
    for name in ["protocol", "verify"] {
        let mut lines = Vec::new();
        let src = root.join(name).join("src");
        walk(&src, &src, &mut lines);
        lines.sort();
        assert!(lines.len() > 50, "{name}: {} items", lines.len());
        insta::assert_snapshot!(format!("api-{name}"), lines.join("\n"));
    }
}

/// The public items of every file under a folder, each with the file that it stands in.
fn walk(src: &Path, folder: &Path, lines: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            walk(src, &path, lines);
            continue;
        }
        // The code alone: what is said of it may change.
        let text = fs::read_to_string(&path).unwrap();
        let is_code = |line: &&str| !line.trim_start().starts_with("//");
        let code: Vec<&str> = text.lines().filter(is_code).collect();
        let file = syn::parse_file(&code.join("\n")).unwrap();
        let place = path.strip_prefix(src).unwrap().display().to_string();
        let mut found = Vec::new();
        for item in file.items {
            items(item, &mut found);
        }
        lines.extend(found.into_iter().map(|item| format!("{place}: {item}")));
    }
}

const fn is_public(visibility: &Visibility) -> bool {
    matches!(visibility, Visibility::Public(_))
}

/// An item as far as others see it; nothing of one that they do not.
fn items(item: Item, found: &mut Vec<String>) {
    let shown = |item: &dyn ToTokensText| item.text();
    match item {
        Item::Const(item) if is_public(&item.vis) => {
            let (name, kind) = (&item.ident, item.ty.to_token_stream());
            found.push(format!("pub const {name} : {kind}"));
        }
        Item::Enum(item) if is_public(&item.vis) => found.push(shown(&item)),
        Item::Fn(item) if is_public(&item.vis) => found.push(shown(&item.sig)),
        Item::Mod(item) if is_public(&item.vis) => {
            found.push(format!("pub mod {}", item.ident));
        }
        Item::Type(item) if is_public(&item.vis) => found.push(shown(&item)),
        Item::Use(item) if is_public(&item.vis) => found.push(shown(&item)),
        Item::Trait(item) if is_public(&item.vis) => found.push(shown(&item)),
        Item::Struct(mut item) if is_public(&item.vis) => {
            for field in &mut item.fields {
                if !is_public(&field.vis) {
                    field.ty = syn::parse_quote!(_);
                }
            }
            found.push(shown(&item));
        }
        Item::Macro(item) if item.ident.is_none() => found.push(shown(&item)),
        Item::Impl(item) => {
            let (of, kind) = (item.trait_.as_ref(), item.self_ty.to_token_stream());
            if let Some((_, of, _)) = of {
                found.push(format!("impl {} for {kind}", of.to_token_stream()));
                return;
            }
            for item in item.items {
                match item {
                    ImplItem::Fn(item) if is_public(&item.vis) => {
                        found.push(format!("{kind} :: {}", item.sig.to_token_stream()));
                    }
                    ImplItem::Const(item) if is_public(&item.vis) => {
                        let (name, of) = (&item.ident, item.ty.to_token_stream());
                        found.push(format!("{kind} :: const {name} : {of}"));
                    }
                    _ => {}
                }
            }
        }
        _ => {}
    }
}

/// Tokens on one line.
trait ToTokensText {
    fn text(&self) -> String;
}

impl<T: ToTokens> ToTokensText for T {
    fn text(&self) -> String {
        self.to_token_stream().to_string().replace('\n', " ")
    }
}
