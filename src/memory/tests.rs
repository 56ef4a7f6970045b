//! Views that are refused, the places of their cells, and the tiles they are cut into.

use super::*;
use crate::{Matrices, Matrix};

fn geometry(slots: usize, bytes: usize, slot_stride: usize, stripes: usize, stripe_stride: usize) -> Geometry {
    Geometry { slots, bytes, slot_stride, stripes, stripe_stride }
}

#[test]
fn overlap_and_overflow_are_refused() {
    let mut memory = vec![0; 100];
    let mut arena = |g| View::arena(&mut memory, g).map(|_| ());
    assert!(arena(geometry(2, 10, 50, 5, 10)).is_ok(), "slot-major, filling the memory exactly");
    assert!(arena(geometry(2, 10, 10, 5, 20)).is_ok(), "stripe-major, filling the memory exactly");
    assert!(arena(geometry(0, 10, 0, 5, 0)).is_err());
    assert!(arena(geometry(3, 0, 0, 5, 0)).is_ok(), "no bytes, no overlap");
    for (g, what) in [
        (geometry(2, 10, 9, 1, 0), "slots"),
        (geometry(1, 10, 0, 2, 9), "stripes"),
        (geometry(2, 10, 15, 3, 15), "slots"),
    ] {
        assert!(matches!(arena(g), Err(Error::Overlap { what: w, .. }) if w == what), "{g:?}");
    }
    assert!(matches!(arena(geometry(2, 11, 50, 5, 10)), Err(Error::Overlap { .. })));
    let error = arena(geometry(2, 10, 51, 5, 10)).unwrap_err();
    assert!(matches!(error, Error::RegionTooSmall { needed: 101, available: 100 }), "{error}");
    assert!(arena(geometry(2, 10, usize::MAX, 2, 10)).is_err());
    assert!(arena(geometry(usize::MAX, 10, 10, 1, 0)).is_err());
    for (slots, stripes) in [(0, 1), (0, 2), (1, 0)] {
        let error = arena(geometry(slots, usize::MAX, 0, stripes, usize::MAX)).unwrap_err();
        assert!(matches!(error, Error::RegionTooSmall { .. }), "{error}");
    }
}

#[test]
fn both_layouts_reach_the_same_cells() {
    let mut memory: Vec<u8> = (0..24).collect();
    let view = View::arena(&mut memory, geometry(3, 2, 8, 4, 2)).unwrap();
    assert_eq!(view.slot(1, 2), [12, 13]);
    let view = View::arena(&mut memory, geometry(3, 2, 2, 4, 6)).unwrap();
    assert_eq!(view.slot(1, 2), [14, 15]);
}

#[test]
fn slices_must_agree_in_length() {
    let (a, b) = (vec![0; 8], vec![0; 9]);
    let error = View::slices([Slot::Absent, Slot::Read(&a), Slot::Read(&b)], 2).err().unwrap();
    assert!(matches!(error, Error::ShardLength { index: 2, given: 9, reference: 1, expected: 8 }), "{error}");
    let error = View::slices([Slot::Read(&b)], 2).err().unwrap();
    assert!(matches!(error, Error::UnevenStripes { bytes: 9, stripes: 2 }), "{error}");
    let error = View::slices([Slot::Read(&a)], 0).err().unwrap();
    assert!(matches!(error, Error::UnevenStripes { bytes: 8, stripes: 0 }), "{error}");
    assert!(View::slices([Slot::Absent], 0).is_ok());
}

#[test]
fn plans_are_checked_against_slots() {
    let (a, mut b) = (vec![0; 8], vec![0; 8]);
    let view = View::slices([Slot::Read(&a), Slot::Write(&mut b), Slot::Absent], 1).unwrap();
    let plan = |source, target| Plan::new(&[source], &[target], Matrix::identity(1)).unwrap();
    assert!(view.check_plan(&plan(0, 1), true).is_ok());
    assert!(view.check_plan(&plan(1, 0), false).is_ok());
    assert!(matches!(view.check_plan(&plan(1, 0), true), Err(Error::ReadOnlySlot { slot: 0 })));
    assert!(matches!(view.check_plan(&plan(2, 1), true), Err(Error::SlotIndex { slot: 2, slots: 3 })));
    assert!(matches!(view.check_plan(&plan(0, 3), false), Err(Error::SlotIndex { slot: 3, slots: 3 })));
}

#[test]
fn tiles_cover_every_column_once() {
    for (bytes, stripes, gap) in [(1, 1, 0), (10, 3, 0), (10, 3, 5), (7, 2, 1), (0, 3, 0)] {
        for tile_bytes in [1, 3, 7, 100] {
            let slot_bytes = (bytes + gap) * stripes;
            let mut memory = vec![0u8; 2 * slot_bytes];
            let g = geometry(2, bytes, slot_bytes, stripes, bytes + gap);
            let mut view = View::arena(&mut memory, g).unwrap();
            let plan = Plan::new(&[0], &[1], Matrix::identity(1)).unwrap();
            for mut tile in view.tiles(Matrices::One(&plan), tile_bytes).unwrap().sequential() {
                tile.targets().for_each(|target| target.iter_mut().for_each(|b| *b += 1));
            }
            for stripe in 0..stripes {
                assert!(view.slot(1, stripe).iter().all(|&b| b == 1), "{g:?} by {tile_bytes}");
                assert!(view.slot(0, stripe).iter().all(|&b| b == 0));
            }
            let touched: usize = memory.iter().map(|&b| usize::from(b)).sum();
            assert_eq!(touched, bytes * stripes, "{g:?} by {tile_bytes}: bytes between stripes were written");
        }
    }
}

#[test]
fn tiles_of_slots_write_these_slots_of_every_stripe_and_no_others() {
    let (bytes, stripes, gap) = (10, 3, 5);
    let slot_bytes = (bytes + gap) * stripes;
    let mut memory = vec![0u8; 3 * slot_bytes];
    let g = geometry(3, bytes, slot_bytes, stripes, bytes + gap);
    let mut view = View::arena(&mut memory, g).unwrap();
    let mut positions = Vec::new();
    for mut tile in view.tiles_of_slots(&[0, 2], 7).unwrap().sequential() {
        positions.push(tile.position());
        assert_eq!((tile.sources().len(), tile.targets().len()), (0, 2));
        tile.targets().for_each(|target| target.iter_mut().for_each(|b| *b += 1));
    }
    assert_eq!(positions, [(0, 0), (0, 7), (1, 0), (1, 7), (2, 0), (2, 7)]);
    for (slot, expected) in [(0, 1), (1, 0), (2, 1)] {
        for stripe in 0..stripes {
            assert!(view.slot(slot, stripe).iter().all(|&b| b == expected), "slot {slot}, stripe {stripe}");
        }
    }
    assert!(matches!(view.tiles_of_slots(&[3], 7), Err(Error::SlotIndex { slot: 3, slots: 3 })));
    let touched: usize = memory.iter().map(|&b| usize::from(b)).sum();
    assert_eq!(touched, 2 * bytes * stripes, "bytes between stripes were written");
}

#[test]
#[should_panic(expected = "do not ascend")]
fn tiles_of_a_slot_that_is_named_twice_are_refused() {
    let mut memory = [0u8; 30];
    let mut view = View::arena(&mut memory, geometry(3, 10, 10, 1, 10)).unwrap();
    drop(view.tiles_of_slots(&[1, 1], 4));
}
