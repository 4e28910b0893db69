#ifndef VENCEJO_RANKED_FOREST_H
#define VENCEJO_RANKED_FOREST_H

// Forests whose rows are turned into bytes first: each number becomes its rank among the thresholds that its feature
// is compared with anywhere in the forest, so that a node compares two bytes, and all nodes of a tree are decided at
// once. A vector of decisions is then reduced to the leaf.
//
// Ranks and nodes' ranks are stored biased (minus 128), as processors compare signed bytes. A row goes right where
// its rank is greater than the node's.

#include <stddef.h>
#include <stdint.h>

// Rows that are run together at most, and the lanes of a slot in the transposed ranks.
enum { VENCEJO_RANKED_ROWS = 64 };

// How the trees are stored.
typedef enum {
    // At most 3 levels: all seven nodes of four trees in 32 bytes.
    VENCEJO_RANKED_LEVELS_3 = 0,
    // At most 6 levels: the 63 nodes of a perfect tree.
    VENCEJO_RANKED_LEVELS_6 = 1,
    // At most 8 levels: the same, and below it trees of two levels beside their leaves.
    VENCEJO_RANKED_LEVELS_8 = 2,
    // Any shape with at most 32 leaves: sets of leaves that a decision excludes (QuickScorer, Lucchese et al. 2015).
    VENCEJO_RANKED_LEAVES_32 = 3,
    // The same with at most 64 leaves.
    VENCEJO_RANKED_LEAVES_64 = 4,
} vencejo_ranked_form;

// One byte of a ranked row: a number's rank among at most 255 thresholds.
typedef struct {
    // The row's number.
    uint32_t column;
    // Where its thresholds begin, in floats. With more than 16 of them: each 16th threshold first, 16 floats, then all
    // of them. Ascending, filled up with NaN to a multiple of 16, at least eight NaN.
    uint32_t thresholds;
    // Where its float64 thresholds begin, ascending and with a NaN behind them; unused if `is_exact` is 0.
    uint32_t exact_thresholds;
    uint32_t threshold_count;
    // The slot that has the same rank, but the greatest one for a missing value; 0 where nodes agree on the way.
    uint32_t right_copy;
    // The biased rank of a missing value.
    int8_t missing_rank;
    // Whether a number within the bound of zero is missing.
    uint8_t zero_is_missing;
    // Whether it is among the buckets.
    uint8_t is_bucketed;
} vencejo_ranked_slot;

enum { VENCEJO_RANKED_BUCKETS = 8 };

// Eight slots whose ranks are found by buckets: a number's bucket is (x - lowest) * scale, cut off to 0 ... last, and
// `starts` has the rank of the first threshold of each bucket, of which none has more than eight. Places that are not
// filled repeat the last slot.
typedef struct {
    float lowest[VENCEJO_RANKED_BUCKETS];
    float scale[VENCEJO_RANKED_BUCKETS];
    float last[VENCEJO_RANKED_BUCKETS];
    uint32_t column[VENCEJO_RANKED_BUCKETS];
    uint32_t slot[VENCEJO_RANKED_BUCKETS];
    // Where the slot's first rank lies among the starts, its thresholds among the floats, behind those of the sixteenths
    // if there are any, and its float64 thresholds.
    uint32_t starts[VENCEJO_RANKED_BUCKETS];
    uint32_t thresholds[VENCEJO_RANKED_BUCKETS];
    uint32_t exact_thresholds[VENCEJO_RANKED_BUCKETS];
} vencejo_ranked_buckets;

// A column of categories: its code's row of a table is copied to as many slots as there are sets.
typedef struct {
    uint32_t column;
    // The first slot, and how many.
    uint32_t slot;
    uint32_t set_count;
    // The table's first byte: a row for each code, and one more, for codes in no set.
    uint32_t memberships;
    uint32_t code_count;
} vencejo_ranked_category;

// A node of the second level of tiles and its children: 16 bytes, and four leaves behind them.
typedef struct {
    uint16_t slots[3];
    int8_t ranks[3];
    uint8_t unused[7];
} vencejo_ranked_pair;

typedef struct {
    uint32_t first_tree, tree_count;
} vencejo_ranked_group;

// Everything that the kernels read; the caller has proved that every index lies within its table.
typedef struct {
    int32_t level;
    vencejo_ranked_form form;
    // Whether sums and leaves are float64, or float32.
    uint8_t is_double;
    // Whether a row goes right on x >= threshold, or on x > threshold.
    uint8_t right_if_equal;
    // Whether features and thresholds are float64.
    uint8_t is_exact;
    // Whether categories are cut off towards zero as a 32-bit integer, or must be below 2^24.
    uint8_t truncates_codes;
    // What counts as zero for `zero_is_missing`.
    double zero_bound;
    uint32_t column_count;
    // Slots without the copies, and with them.
    uint32_t slot_count;
    uint32_t all_slot_count;
    uint32_t category_count;
    uint32_t group_count;
    uint32_t buckets_count;
    // Slots with thresholds that are not among the buckets.
    uint32_t plain_slot_count;
    // Whether the slots fit a shuffle, so that `tiles` is there.
    uint8_t has_tiles;
    // Rows from which on they are run side by side.
    uint8_t batch_rows;

    const vencejo_ranked_slot *slots;
    const vencejo_ranked_category *categories;
    const vencejo_ranked_buckets *buckets;
    const uint8_t *starts;
    const float *thresholds;
    const double *exact_thresholds;
    const uint8_t *memberships;
    // The trees of each group, in the library's order; filled up with trees that add -0.0.
    const vencejo_ranked_group *groups;
    const double *base_scores;
    // For shuffles. LEVELS: 64 encoded slots and 64 ranks a tree, or 32 and 32 for four trees. LEAVES: for eight trees
    // and each four of their nodes 32 encoded slots, 32 ranks and the sets, 32 bytes for each eight leaves.
    const uint8_t *tiles;
    // The nodes whose missing values go left: a bit a node of a tile, or a byte a node for LEAVES.
    const uint8_t *missing_left;
    // LEVELS: nodes level by level from index 1: 64 or 8 a tree.
    const uint16_t *node_slots;
    const int8_t *node_ranks;
    // LEAVES: nodes in postorder, so that children come before their parents: 31 or 63 a tree. Children count leaves
    // first, then nodes.
    const uint16_t *node_lefts;
    const uint16_t *node_rights;
    // LEAVES: the set of leaves that each node excludes.
    const uint64_t *node_sets;
    // Leaves of each tree in order, or `vencejo_ranked_pair`s with their leaves.
    const uint8_t *leaves;
} vencejo_ranked_forest;

// Bytes of scratch that `vencejo_ranked_run` needs.
size_t vencejo_ranked_scratch_size(const vencejo_ranked_forest *forest);

// Rows with a number that float32 cannot hold, and rows with a missing value, bit by bit.
typedef struct {
    uint64_t infinite, missing;
} vencejo_ranked_rows;

// Adds up at most 64 rows of doubles. `scores` are row-major, one a group, of the forest's precision. Reads and writes
// nothing outside its arguments; any number may stand in a row.
vencejo_ranked_rows vencejo_ranked_run(
    const vencejo_ranked_forest *forest, const double *rows, size_t row_stride, size_t row_count, void *scratch,
    void *scores);

#endif
