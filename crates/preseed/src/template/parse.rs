//! From pieces to a tree.

use std::sync::Arc;

use super::define::Signature;
use super::lex::Token;
use super::statement::{self, is_name};
use super::{Branch, Def, For, Node};
use crate::Problem;
use crate::error::Source;
use crate::expression::{self, Expression, Fault, Kind};
use crate::methods::is_space;

/// Blocks in blocks.
const MAX_NESTING: usize = 32;

/// A block that is open: what it is, where it began, and its finished branches.
struct Block {
    at: usize,
    kind: BlockKind,
    body: Vec<Node>,
}

enum BlockKind {
    /// The whole template.
    Root,
    If {
        done: Vec<Branch>,
        condition: Option<Expression>,
        /// Where the branch that is open began.
        branch: usize,
    },
    For {
        names: Vec<Arc<str>>,
        items: Expression,
    },
    Def {
        name: Arc<str>,
        signature: Signature,
    },
}

/// A stack, not recursion: it cannot overflow.
struct Parser<'a> {
    source: &'a Arc<Source>,
    stack: Vec<Block>,
    block: Block,
}

pub(super) fn parse(tokens: Vec<Token<'_>>, source: &Arc<Source>) -> Result<Vec<Node>, Fault> {
    let block = Block { at: source.text.len(), kind: BlockKind::Root, body: Vec::new() };
    let mut parser = Parser { source, stack: Vec::new(), block };
    for token in tokens {
        match token {
            Token::Text("") => {}
            Token::Text(text) => parser.block.body.push(Node::Text(text.to_owned())),
            Token::Directive(at, text) => parser.directive(at, text)?,
        }
    }
    let Block { at, kind, body } = parser.block;
    match kind {
        BlockKind::Root => Ok(body),
        BlockKind::If { .. } => Err(Fault::syntax(at, "`if` without `endif`")),
        BlockKind::For { .. } => Err(Fault::syntax(at, "`for` without `endfor`")),
        BlockKind::Def { .. } => Err(Fault::syntax(at, "`def` without `enddef`")),
    }
}

/// The text after a directive's word, with its offset. A block's may end in a colon.
fn after<'a>(at: usize, directive: &'a str, word: &str) -> (usize, &'a str) {
    let rest = directive.get(word.len()..).unwrap_or_default();
    let is_block = !matches!(word, "default" | "inherit");
    let rest = rest.strip_suffix(':').filter(|_| is_block).unwrap_or(rest);
    let text = rest.trim_start_matches(is_space);
    let offset = at + word.len() + rest.len() - text.len();
    // A `def` has to end in its bracket, and a condition is read with what follows it.
    (offset, if matches!(word, "default" | "for") { text.trim_end_matches(is_space) } else { text })
}

impl Parser<'_> {
    /// A directive is told by its first word, which stands right after `{{`: blanks are allowed before expressions,
    /// `py:`, `break`, `continue` and comments only, as they are in MAAS.
    fn directive(&mut self, start: usize, directive: &str) -> Result<(), Fault> {
        let text = directive.trim_matches(is_space);
        let at = start + directive.len() - directive.trim_start_matches(is_space).len();
        if text.starts_with('#') {
            return Ok(());
        }
        if let Some(body) = text.strip_prefix("py:") {
            let nodes = statement::py(body, at + 3)?;
            self.block.body.extend(nodes);
            return Ok(());
        }
        let word = text.split(' ').next().unwrap_or_default();
        let has_more = text.len() > word.len();
        match word {
            "break" | "continue" if !has_more => return self.jump(at, word),
            "else" | "endif" | "endfor" | "enddef" if !has_more => {}
            // MAAS reads a blank behind the word as the beginning of a condition.
            "elif" if directive.starts_with("elif ") => {}
            "if" | "elif" | "for" if !has_more => {
                return Err(Fault::syntax(at, format!("`{word}` without an expression")));
            }
            "if" | "elif" | "for" | "def" | "default" | "inherit" if has_more => {}
            _ => {
                self.output(start, directive);
                return Ok(());
            }
        }
        let is_alone = !has_more && directive.len() > text.len() && word != "elif";
        if at > start || is_alone {
            return Err(Fault::syntax(at, format!("`{word}` has to stand between `{{{{` and `}}}}` without blanks")));
        }
        let (rest_at, rest) = after(at, directive, word);
        match word {
            "if" => {
                let condition = Some(expression::parse(rest, rest_at));
                self.open(at, BlockKind::If { done: Vec::new(), condition, branch: at })
            }
            "for" => {
                let (names, items) = for_head(rest_at, rest)?;
                self.open(at, BlockKind::For { names, items })
            }
            "def" => {
                let (name, signature) = def_head(rest_at, rest)?;
                self.open(at, BlockKind::Def { name, signature })
            }
            "elif" => {
                let condition = expression::parse(rest, rest_at);
                self.branch(at, "elif", Some(condition))
            }
            "else" => self.branch(at, "else", None),
            "default" => {
                let node = default(rest_at, rest)?;
                self.block.body.push(node);
                Ok(())
            }
            "inherit" => {
                self.block.body.push(Node::Inherit(expression::parse(rest, rest_at)));
                Ok(())
            }
            _ => self.close(at, word),
        }
    }

    /// A value and its filters. A `|` is a filter's here wherever it stands, as it is in MAAS.
    fn output(&mut self, start: usize, directive: &str) {
        let mut at = start;
        let mut parts = Vec::new();
        let is_cut = directive.contains('|');
        for part in directive.split('|') {
            let mut parsed = expression::parse(part, at);
            if let Kind::Fault(fault) = &mut parsed.kind
                && let Problem::Syntax(problem) = &mut fault.0.problem
                && is_cut
                && problem == "a string does not end"
            {
                problem.push_str("; a `|` starts a filter here, also in a string");
            }
            parts.push(parsed);
            at += part.len() + 1;
        }
        let filters = parts.split_off(1.min(parts.len()));
        self.block.body.extend(parts.pop().map(|value| Node::Output(value, filters)));
    }

    fn open(&mut self, at: usize, kind: BlockKind) -> Result<(), Fault> {
        if self.stack.len() >= MAX_NESTING {
            let limit = u64::try_from(MAX_NESTING).unwrap_or(u64::MAX);
            return Err(Fault::new(at, Problem::Limit { what: "nested blocks", limit }));
        }
        let outer = std::mem::replace(&mut self.block, Block { at, kind, body: Vec::new() });
        self.stack.push(outer);
        Ok(())
    }

    /// What follows an `else` is parsed and never rendered, as it is in MAAS.
    fn branch(&mut self, at: usize, word: &str, next: Option<Expression>) -> Result<(), Fault> {
        let BlockKind::If { done, condition, branch } = &mut self.block.kind else {
            return Err(Fault::syntax(at, format!("`{word}` outside of an `if`")));
        };
        let condition = std::mem::replace(condition, next);
        let at = std::mem::replace(branch, at);
        done.push(Branch { at, condition, body: std::mem::take(&mut self.block.body) });
        Ok(())
    }

    fn close(&mut self, at: usize, word: &str) -> Result<(), Fault> {
        let unexpected = || Fault::syntax(at, format!("unexpected `{word}`"));
        let outer = self.stack.pop().ok_or_else(unexpected)?;
        let Block { at: start, kind, body } = std::mem::replace(&mut self.block, outer);
        let node = match (kind, word) {
            (BlockKind::If { mut done, condition, branch }, "endif") => {
                done.push(Branch { at: branch, condition, body });
                Node::If(done)
            }
            (BlockKind::For { names, items }, "endfor") => Node::For(For { names, items, body }),
            (BlockKind::Def { name, signature }, "enddef") => {
                Node::Define(Arc::new(Def { name, signature, body, at: start, source: Arc::clone(self.source) }))
            }
            _ => return Err(unexpected()),
        };
        self.block.body.push(node);
        Ok(())
    }

    fn jump(&mut self, at: usize, word: &str) -> Result<(), Fault> {
        let mut blocks = std::iter::once(&self.block).chain(self.stack.iter().rev());
        let own = blocks.find(|block| matches!(block.kind, BlockKind::For { .. } | BlockKind::Def { .. }));
        if !own.is_some_and(|block| matches!(block.kind, BlockKind::For { .. })) {
            return Err(Fault::syntax(at, format!("`{word}` outside of a `for`")));
        }
        self.block.body.push(if word == "break" { Node::Break } else { Node::Continue });
        Ok(())
    }
}

fn for_head(at: usize, text: &str) -> Result<(Vec<Arc<str>>, Expression), Fault> {
    let Some((head, items)) = split_in(text) else {
        return Err(Fault::syntax(at, format!("`for {text:.40}` has no `in`")));
    };
    if head.contains('(') {
        return Err(Fault::syntax(at, "the names of a `for` have no brackets: `for a, b in …`"));
    }
    let names = head.split(',').map(|name| name.trim_matches(is_space)).filter(|name| !name.is_empty());
    let names = names.map(|name| statement::name(name, at)).collect::<Result<Vec<_>, _>>()?;
    if names.is_empty() {
        return Err(Fault::syntax(at, "a `for` needs a name before `in`"));
    }
    Ok((names, expression::parse(items, at + text.len() - items.len())))
}

/// What stands before and after the first `in` that has blanks around it.
fn split_in(text: &str) -> Option<(&str, &str)> {
    text.match_indices("in").find_map(|(at, word)| {
        let (before, after) = (text.get(..at)?, text.get(at + word.len()..)?);
        let is_word = before.ends_with(is_space) && after.starts_with(is_space);
        is_word.then(|| (before.trim_matches(is_space), after.trim_start_matches(is_space)))
    })
}

fn def_head(at: usize, text: &str) -> Result<(Arc<str>, Signature), Fault> {
    let (name, signature) = match text.split_once('(') {
        None => (text, Signature::default()),
        Some((name, rest)) => {
            let Some(parameters) = rest.strip_suffix(')') else {
                return Err(Fault::syntax(at, "a `def` with a `(` ends with `)`"));
            };
            (name, Signature::parse(parameters, at + name.len() + 1)?)
        }
    };
    if !is_name(name) {
        return Err(Fault::syntax(at, format!("{name:.40?} is no name for a `def`")));
    }
    Ok((name.into(), signature))
}

fn default(at: usize, text: &str) -> Result<Node, Fault> {
    let Some((name, value)) = text.split_once('=') else {
        return Err(Fault::syntax(at, "`default` takes `name = expression`"));
    };
    if name.contains(',') {
        return Err(Fault::syntax(at, "`default` takes one name"));
    }
    let name = statement::name(name.trim_matches(is_space), at)?;
    if !name.is_ascii() {
        return Err(Fault::syntax(at, format!("`default` takes a name of ASCII letters, not {name:.40?}")));
    }
    let start = value.trim_start_matches(is_space);
    Ok(Node::Default(name, expression::parse(start, at + text.len() - start.len())))
}
