//! From pieces to a tree.

use super::lex::Token;
use super::{Branch, For, Node};
use crate::Problem;
use crate::expression::{self, Expression, Fault};

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
    },
    For {
        names: Vec<String>,
        items: Expression,
    },
}

/// A stack, not recursion: it cannot overflow.
struct Parser {
    stack: Vec<Block>,
    block: Block,
}

pub(super) fn parse(tokens: Vec<Token<'_>>, end: usize) -> Result<Vec<Node>, Fault> {
    let block = Block { at: end, kind: BlockKind::Root, body: Vec::new() };
    let mut parser = Parser { stack: Vec::new(), block };
    for token in tokens {
        match token {
            Token::Text("") => {}
            Token::Text(text) => parser.block.body.push(Node::Text(text.to_owned())),
            Token::Directive(at, text) => {
                let indent = text.len() - text.trim_start().len();
                parser.directive(at + indent, text.trim())?;
            }
        }
    }
    let Block { at, kind, body } = parser.block;
    match kind {
        BlockKind::Root => Ok(body),
        BlockKind::If { .. } => Err(syntax(at, "`if` without `endif`")),
        BlockKind::For { .. } => Err(syntax(at, "`for` without `endfor`")),
    }
}

fn syntax(at: usize, problem: impl Into<String>) -> Fault {
    Fault { at, problem: Problem::Syntax(problem.into()) }
}

fn unsupported(at: usize, what: &str) -> Fault {
    Fault { at, problem: Problem::Unsupported(what.to_owned()) }
}

/// The text after a directive's word, with its offset, without a closing colon.
fn after<'a>(at: usize, directive: &'a str, word: &str) -> (usize, &'a str) {
    let rest = directive.get(word.len()..).unwrap_or_default();
    let text = rest.trim_start();
    (at + directive.len() - text.len(), text.strip_suffix(':').unwrap_or(text).trim_end())
}

impl Parser {
    fn directive(&mut self, at: usize, directive: &str) -> Result<(), Fault> {
        if directive.starts_with('#') {
            return Ok(());
        }
        if let Some(statement) = directive.strip_prefix("py:") {
            let (name, value) = assignment(at + 3, statement, "py:")?;
            self.block.body.push(Node::Assign(name, value));
            return Ok(());
        }
        let end = directive.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(directive.len());
        let word = directive.get(..end).unwrap_or(directive);
        let (rest_at, rest) = after(at, directive, word);
        match word {
            "if" => {
                let condition = Some(expression::parse(rest, rest_at)?);
                self.open(at, BlockKind::If { done: Vec::new(), condition })
            }
            "for" => {
                let (names, items) = for_head(rest_at, rest)?;
                self.open(at, BlockKind::For { names, items })
            }
            "elif" => {
                let condition = expression::parse(rest, rest_at)?;
                self.branch(at, "elif", Some(condition))
            }
            "else" if rest.is_empty() => self.branch(at, "else", None),
            "endif" | "endfor" if rest.is_empty() => self.close(at, word),
            "break" | "continue" if rest.is_empty() => self.jump(at, word),
            "default" if !rest.starts_with(['=', '.', '|', '(', '[']) && !rest.is_empty() => {
                let (names, value) = assignment(rest_at, rest, "default")?;
                let [name] = names.as_slice() else {
                    return Err(syntax(at, "`default` takes one name"));
                };
                self.block.body.push(Node::Default(name.clone(), value));
                Ok(())
            }
            "def" | "enddef" => Err(unsupported(at, "`def`")),
            "inherit" => Err(unsupported(at, "`inherit`")),
            _ => {
                self.block.body.push(Node::Output(expression::parse(directive, at)?));
                Ok(())
            }
        }
    }

    fn open(&mut self, at: usize, kind: BlockKind) -> Result<(), Fault> {
        if self.stack.len() >= MAX_NESTING {
            let limit = u64::try_from(MAX_NESTING).unwrap_or(u64::MAX);
            return Err(Fault { at, problem: Problem::Limit { what: "nested blocks", limit } });
        }
        let outer = std::mem::replace(&mut self.block, Block { at, kind, body: Vec::new() });
        self.stack.push(outer);
        Ok(())
    }

    fn branch(&mut self, at: usize, word: &str, next: Option<Expression>) -> Result<(), Fault> {
        let BlockKind::If { done, condition } = &mut self.block.kind else {
            return Err(syntax(at, format!("`{word}` outside of an `if`")));
        };
        // After an `else` there is no condition any more.
        let Some(condition) = std::mem::replace(condition, next) else {
            return Err(syntax(at, format!("`{word}` after `else`")));
        };
        done.push(Branch { condition: Some(condition), body: std::mem::take(&mut self.block.body) });
        Ok(())
    }

    fn close(&mut self, at: usize, word: &str) -> Result<(), Fault> {
        let Some(outer) = self.stack.pop() else {
            return Err(syntax(at, format!("unexpected `{word}`")));
        };
        let Block { kind, body, .. } = std::mem::replace(&mut self.block, outer);
        let node = match (kind, word) {
            (BlockKind::If { mut done, condition }, "endif") => {
                done.push(Branch { condition, body });
                Node::If(done)
            }
            (BlockKind::For { names, items }, "endfor") => Node::For(For { names, items, body }),
            _ => return Err(syntax(at, format!("unexpected `{word}`"))),
        };
        self.block.body.push(node);
        Ok(())
    }

    fn jump(&mut self, at: usize, word: &str) -> Result<(), Fault> {
        let mut blocks = self.stack.iter().chain(std::iter::once(&self.block));
        if !blocks.any(|block| matches!(block.kind, BlockKind::For { .. })) {
            return Err(syntax(at, format!("`{word}` outside of a `for`")));
        }
        self.block.body.push(if word == "break" { Node::Break } else { Node::Continue });
        Ok(())
    }
}

fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_alphabetic() || c == '_') && text.chars().all(|c| c.is_alphanumeric() || c == '_')
}

/// `a`, or `a, b` with or without brackets.
fn names(at: usize, text: &str) -> Result<Vec<String>, Fault> {
    let text = text.trim();
    let text = text.strip_prefix('(').and_then(|text| text.strip_suffix(')')).unwrap_or(text);
    let names: Vec<String> =
        text.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect();
    if names.is_empty() || !names.iter().all(|name| is_name(name)) {
        return Err(syntax(at, format!("{text:?} is no name to assign to")));
    }
    Ok(names)
}

fn for_head(at: usize, text: &str) -> Result<(Vec<String>, Expression), Fault> {
    // The first ` in ` after the names: a name cannot hold one.
    let Some((head, items)) = text.split_once(" in ") else {
        return Err(syntax(at, format!("`for {text}` has no `in`")));
    };
    let items_at = at + text.len() - items.len();
    Ok((names(at, head)?, expression::parse(items, items_at)?))
}

/// `name = expression`. Anything else that Python could do here is refused.
fn assignment(at: usize, text: &str, word: &str) -> Result<(Vec<String>, Expression), Fault> {
    let refused = || unsupported(at, &format!("anything but one `name = expression` in `{word}`"));
    let (head, value) = text.split_once('=').ok_or_else(refused)?;
    if value.starts_with('=') || head.ends_with(['+', '-', '*', '/', '%', '<', '>', '!', '|', '&', '^']) {
        return Err(refused());
    }
    let names = names(at, head).map_err(|_| refused())?;
    Ok((names, expression::parse(value, at + text.len() - value.len())?))
}
