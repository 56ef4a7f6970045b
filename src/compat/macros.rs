//! That crate's two macros. `macro_export` puts macros at the root of a crate, so they have longer names there.

/// Vectors of bytes, one for each list: `shards!([0, 1], [2, 3])`.
#[doc(hidden)]
#[macro_export]
macro_rules! __evariste_shards {
    ($([$($byte:expr),* $(,)?]),* $(,)?) => {
        ::std::vec![$(::std::vec![$($byte),*]),*]
    };
}

/// The elements of a collection, or references to them, in a collection of another type.
#[doc(hidden)]
#[macro_export]
macro_rules! __evariste_convert_2d_slices {
    ($from:expr =>into_vec $element:ty) => {
        $crate::__evariste_convert_2d_slices!($from =>into ::std::vec::Vec<$element>, ::std::vec::Vec::with_capacity)
    };
    ($from:expr =>to_vec $element:ty) => {
        $crate::__evariste_convert_2d_slices!($from =>to ::std::vec::Vec<$element>, ::std::vec::Vec::with_capacity)
    };
    ($from:expr =>to_mut_vec $element:ty) => {
        $crate::__evariste_convert_2d_slices!($from =>to_mut ::std::vec::Vec<$element>, ::std::vec::Vec::with_capacity)
    };
    ($from:expr =>into $to:ty, $with_capacity:path) => {{
        let mut collected: $to = $with_capacity($from.len());
        for element in $from.into_iter() {
            collected.push(element);
        }
        collected
    }};
    ($from:expr =>to $to:ty, $with_capacity:path) => {{
        let mut collected: $to = $with_capacity($from.len());
        for element in $from.iter() {
            collected.push(element);
        }
        collected
    }};
    ($from:expr =>to_mut $to:ty, $with_capacity:path) => {{
        let mut collected: $to = $with_capacity($from.len());
        for element in $from.iter_mut() {
            collected.push(element);
        }
        collected
    }};
}
