//! A page of a list: sorted by id in the end, so that it neither misses nor repeats a row while others are inserted.

/// A query as one page of its rows, `oldest` or `newest` first by their id, which grows with time: `paged!(query, paging,
/// roles::role_id, oldest)`. It is boxed, to be filtered further.
#[macro_export]
macro_rules! paged {
    ($query:expr, $paging:expr, $id:expr, oldest) => {{
        let query = $query.order($id).limit($paging.fetch()).into_boxed();
        match $paging.after {
            Some(after) => query.filter($id.gt(after)),
            None => query,
        }
    }};
    ($query:expr, $paging:expr, $id:expr, newest) => {{
        let query = $query.order($id.desc()).limit($paging.fetch()).into_boxed();
        match $paging.after {
            Some(after) => query.filter($id.lt(after)),
            None => query,
        }
    }};
}
