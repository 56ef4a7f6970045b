//! The expected result of an invocation, computed element by element with the library's `gf256`.

use evariste::gf256;

/// An operation of the field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operation {
    Add,
    Multiply,
    Inverse,
}

impl Operation {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Add => "add",
            Self::Multiply => "multiply",
            Self::Inverse => "inverse",
        }
    }
}

/// An invocation's elements: a, b, c and d of `field.wgsl`, sixteen each.
pub(super) type State = [[u8; 16]; 4];

/// The initial state of an invocation.
pub(super) fn start(invocation: usize, seed: u32) -> State {
    #[expect(clippy::cast_possible_truncation, reason = "as in the shader, words are numbered modulo 2^32")]
    let first = (invocation as u32).wrapping_mul(16);
    let word = |at: u32| (hash(hash(first.wrapping_add(at)) ^ seed) | 0x0101_0101).to_le_bytes();
    let mut state = [[0; 16]; 4];
    for (at, bytes) in (0..).zip(state.iter_mut().flat_map(|sixteen| sixteen.chunks_exact_mut(4))) {
        bytes.copy_from_slice(&word(at));
    }
    state
}

/// lowbias32, as `field.wgsl` has it.
fn hash(word: u32) -> u32 {
    let mut x = word;
    x ^= x >> 16;
    x = x.wrapping_mul(0x7feb_352d);
    x ^= x >> 15;
    x = x.wrapping_mul(0x846c_a68b);
    x ^ (x >> 16)
}

/// The final state.
pub(super) fn run(operation: Operation, iterations: u32, mut state: State) -> State {
    for _ in 0..iterations {
        for at in 0..4 {
            let other = state[(at + 1) % 4];
            for (i, element) in state[at].iter_mut().enumerate() {
                *element = match operation {
                    // Bytes rotate by one within their word of four.
                    Operation::Add => gf256::add(*element, other[i / 4 * 4 + (i + 3) % 4]),
                    Operation::Multiply => gf256::mul(*element, other[i]),
                    Operation::Inverse => gf256::add(gf256::inv(*element).unwrap_or(0), other[i]),
                };
            }
        }
    }
    state
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_product_is_ever_zero() {
        let state = run(Operation::Multiply, 100, start(7, 1));
        assert!(state.iter().flatten().all(|&element| element != 0));
    }

    #[test]
    fn one_iteration_by_hand() {
        let mut state = [[2; 16]; 4];
        assert_eq!(run(Operation::Multiply, 1, state), [[4; 16], [4; 16], [4; 16], [8; 16]]);
        state[1] = [0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3];
        let turned = [3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2].map(|byte| byte ^ 2);
        assert_eq!(run(Operation::Add, 1, state)[0], turned);
    }
}
