// The kernels of ranked forests, for one instruction set. Included once by each ranked_forest*.c, after it has defined
//
// RANKED(name)             the name with the instruction set's suffix
// RANKED_TARGET            the attribute of every function, or nothing
// RANKED_HAS_SHUFFLE       1 where tiles are decided by shuffles, and then
//     ranked_table         the first 64 slots of a row
//     ranked_load_table    (ranks) -> ranked_table
//     ranked_decide_64     (tile, table, has_few_slots) -> a bit for each of 64 nodes that goes right
//     ranked_decide_32     (tile, table, has_few_slots) -> the same of 32 nodes
//     ranked_leaves_of_8   (block, table, copies or NULL, missing_left, planes, has_few_slots, leaves)
//                          -> the leaves of eight trees; has_few_slots: at most 32
// ranked_count_16          (thresholds, number, right_if_equal) -> how many of 16 are passed
// ranked_count_8           the same of 8
// ranked_lanes             rows side by side, RANKED_LANES of them (see ranked_lanes.h)

#include <math.h>
#include <string.h>

#include "ranked_exits.h"

#pragma STDC FP_CONTRACT OFF

#define RANKED_INLINE static inline __attribute__((always_inline)) RANKED_TARGET
#define RANKED_FUNCTION static __attribute__((noinline)) RANKED_TARGET

// A row's ranks: slot s of row r is at `s * slot_stride + r`.
typedef struct {
    int8_t *bytes;
    size_t slot_stride;
} ranked_rows;

// MARK: Ranks

// Narrows a row; tells whether it has a number that float32 cannot hold (bit 0) and whether it has a missing value
// (bit 1).
RANKED_FUNCTION unsigned RANKED(narrow)(const double *row, size_t count, float *narrow) {
    // Adding up what is 0 for a finite number and NaN for all else tells of both; which, is looked up when needed.
    float odd = 0;
    for (size_t column = 0; column < count; column++) {
        float value = (float)row[column];
        narrow[column] = value;
        odd = value - value == 0 ? odd : 1;
    }
    if (odd == 0) return 0;
    unsigned found = 0;
    for (size_t column = 0; column < count; column++)
        found |= isinf(narrow[column]) ? 1 : isnan(narrow[column]) ? 2 : 0;
    return found;
}

// The rank of a number, biased; of NaN, that of a number before all thresholds.
RANKED_INLINE unsigned RANKED(rank)(
    const float *thresholds, const double *exact, uint32_t count, float narrow, double value, int right_if_equal,
    int is_exact) {
    unsigned rank = 0;
    // In float64, a float32 that is passed has its threshold passed, and one that is not reached has it not reached;
    // those that are equal are looked at below.
    int equal = is_exact ? 0 : right_if_equal;
    if (count > 16) {
        unsigned block = ranked_count_16(thresholds, narrow, equal);
        rank = 16 * block;
        thresholds += 16 + 16 * block;
    }
    rank += ranked_count_16(thresholds, narrow, equal);
    if (is_exact) {
        if (right_if_equal)
            while (value >= exact[rank]) rank++;
        else
            while (value > exact[rank]) rank++;
    }
    return rank - 128;
}

typedef float ranked_floats __attribute__((vector_size(32)));
typedef int32_t ranked_words __attribute__((vector_size(32)));

// Ranks by buckets. A number is on the same side of every bucket's thresholds as of the others' in its bucket: the
// bucket's number grows with the number, thresholds' buckets were found by the same steps, and NaN is in the first.
RANKED_INLINE void RANKED(rank_by_buckets)(
    const vencejo_ranked_forest *forest, const double *row, const float *narrow, int8_t *ranks, size_t slot_stride,
    int right_if_equal, int is_exact) {
    for (uint32_t index = 0; index < forest->buckets_count; index++) {
        const vencejo_ranked_buckets *eight = &forest->buckets[index];
        ranked_floats numbers, lowest, scale, last;
        for (int place = 0; place < VENCEJO_RANKED_BUCKETS; place++) numbers[place] = narrow[eight->column[place]];
        memcpy(&lowest, eight->lowest, sizeof(lowest));
        memcpy(&scale, eight->scale, sizeof(scale));
        memcpy(&last, eight->last, sizeof(last));
        ranked_floats places = (numbers - lowest) * scale;
        places = (ranked_floats)((ranked_words)places & (ranked_words)(places > 0));
        ranked_words within = (ranked_words)(places < last);
        places = (ranked_floats)(((ranked_words)places & within) | ((ranked_words)last & ~within));
        ranked_words buckets = __builtin_convertvector(places, ranked_words);
#pragma clang loop unroll(full)
        for (int place = 0; place < VENCEJO_RANKED_BUCKETS; place++) {
            unsigned rank = forest->starts[eight->starts[place] + (uint32_t)buckets[place]];
            rank += ranked_count_8(
                forest->thresholds + eight->thresholds[place] + rank, numbers[place], is_exact ? 0 : right_if_equal);
            if (is_exact) {
                double value = row[eight->column[place]];
                const double *exact = forest->exact_thresholds + eight->exact_thresholds[place];
                if (right_if_equal)
                    while (value >= exact[rank]) rank++;
                else
                    while (value > exact[rank]) rank++;
            }
            ranks[eight->slot[place] * slot_stride] = (int8_t)(rank - 128);
        }
    }
}

RANKED_INLINE void RANKED(rank_row)(
    const vencejo_ranked_forest *forest, const double *row, const float *narrow, int8_t *ranks, size_t slot_stride,
    int right_if_equal, int is_exact) {
    RANKED(rank_by_buckets)(forest, row, narrow, ranks, slot_stride, right_if_equal, is_exact);
    if (forest->plain_slot_count == 0) return;
    for (uint32_t slot = 0; slot < forest->slot_count; slot++) {
        const vencejo_ranked_slot *entry = &forest->slots[slot];
        if (entry->threshold_count == 0 || entry->is_bucketed) continue;
        ranks[slot * slot_stride] = (int8_t)RANKED(rank)(
            forest->thresholds + entry->thresholds,
            is_exact ? forest->exact_thresholds + entry->exact_thresholds : NULL, entry->threshold_count,
            narrow[entry->column], is_exact ? row[entry->column] : 0, right_if_equal, is_exact);
    }
}

// The row of a category's table for a number that is not missing.
RANKED_INLINE const uint8_t *RANKED(memberships)(
    const vencejo_ranked_forest *forest, const vencejo_ranked_category *category, double value, float narrow) {
    uint32_t code = category->code_count;
    if (forest->truncates_codes) {
        if (value > -1 && value < 2147483648.0) code = (uint32_t)(int32_t)value;
    } else {
        double number = forest->is_exact ? value : (double)narrow;
        if (number >= 0 && number < 16777216.0) code = (uint32_t)(int32_t)number;
    }
    if (code > category->code_count) code = category->code_count;
    return forest->memberships + category->memberships + (size_t)code * category->set_count;
}

RANKED_FUNCTION void RANKED(rank_categories)(
    const vencejo_ranked_forest *forest, const double *row, const float *narrow, int8_t *ranks, size_t slot_stride) {
    for (uint32_t index = 0; index < forest->category_count; index++) {
        const vencejo_ranked_category *category = &forest->categories[index];
        double value = row[category->column];
        const uint8_t *members =
            RANKED(memberships)(forest, category, isnan(value) ? -1 : value, narrow[category->column]);
        int8_t *first = ranks + category->slot * slot_stride;
        if (slot_stride == 1)
            memcpy(first, members, category->set_count);
        else
            for (uint32_t set = 0; set < category->set_count; set++) first[set * slot_stride] = (int8_t)members[set];
    }
}

// Gives the copies for missing values going right the ranks of the slots they are of.
RANKED_FUNCTION void RANKED(copy_ranks)(const vencejo_ranked_forest *forest, ranked_rows ranks, size_t row_count) {
    size_t stride = ranks.slot_stride;
    for (uint32_t slot = 0; slot < forest->slot_count; slot++) {
        uint32_t copy = forest->slots[slot].right_copy;
        if (copy == 0) continue;
        if (stride == 1)
            ranks.bytes[copy] = ranks.bytes[slot];
        else
            memcpy(ranks.bytes + copy * stride, ranks.bytes + slot * stride, row_count);
    }
}

// Gives the missing values of one row their ranks; the copies have been made. Tells whether one of them goes both ways.
RANKED_FUNCTION int RANKED(rank_missing)(
    const vencejo_ranked_forest *forest, const double *row, int8_t *ranks, size_t slot_stride) {
    int goes_both_ways = 0;
    for (uint32_t slot = 0; slot < forest->slot_count; slot++) {
        const vencejo_ranked_slot *entry = &forest->slots[slot];
        if (entry->threshold_count == 0) continue;
        double value = row[entry->column];
        if (!(isnan(value) || (entry->zero_is_missing && fabs(value) <= forest->zero_bound))) continue;
        ranks[slot * slot_stride] = entry->missing_rank;
        if (entry->right_copy == 0) continue;
        ranks[entry->right_copy * slot_stride] = 127;
        goes_both_ways = 1;
    }
    for (uint32_t index = 0; index < forest->category_count; index++) {
        const vencejo_ranked_category *category = &forest->categories[index];
        if (!isnan(row[category->column])) continue;
        for (uint32_t set = 0; set < category->set_count; set++) {
            uint32_t slot = category->slot + set;
            uint32_t copy = forest->slots[slot].right_copy;
            ranks[slot * slot_stride] = forest->slots[slot].missing_rank;
            if (copy == 0) continue;
            ranks[copy * slot_stride] = 127;
            goes_both_ways = 1;
        }
    }
    return goes_both_ways;
}

// Ranks rows into `ranks`. Returns the rows, bit by bit, with a missing value that goes both ways.
RANKED_FUNCTION uint64_t RANKED(rank_rows)(
    const vencejo_ranked_forest *forest, const double *rows, size_t row_stride, size_t row_count, float *narrow,
    ranked_rows ranks, int makes_copies, vencejo_ranked_rows *found) {
    uint64_t unsettled = 0;
    uint64_t both_ways = 0;
    for (size_t row = 0; row < row_count; row++) {
        const double *numbers = rows + row * row_stride;
        unsigned odd = RANKED(narrow)(numbers, forest->column_count, narrow);
        found->infinite |= (uint64_t)(odd & 1) << row;
        found->missing |= (uint64_t)(odd >> 1) << row;
        int8_t *bytes = ranks.bytes + row;
        if (forest->is_exact && forest->right_if_equal)
            RANKED(rank_row)(forest, numbers, narrow, bytes, ranks.slot_stride, 1, 1);
        else if (forest->is_exact)
            RANKED(rank_row)(forest, numbers, narrow, bytes, ranks.slot_stride, 0, 1);
        else if (forest->right_if_equal)
            RANKED(rank_row)(forest, numbers, narrow, bytes, ranks.slot_stride, 1, 0);
        else
            RANKED(rank_row)(forest, numbers, narrow, bytes, ranks.slot_stride, 0, 0);
        if (forest->category_count > 0)
            RANKED(rank_categories)(forest, numbers, narrow, bytes, ranks.slot_stride);
        if (odd >> 1 || forest->zero_bound >= 0) unsettled |= (uint64_t)1 << row;
    }
    if (forest->slot_count == forest->all_slot_count) makes_copies = 0;
    if (makes_copies || (unsettled && forest->slot_count != forest->all_slot_count))
        RANKED(copy_ranks)(forest, ranks, row_count);
    for (size_t row = 0; unsettled >> row != 0 && row < row_count; row++) {
        if ((unsettled >> row & 1) == 0) continue;
        int both = RANKED(rank_missing)(forest, rows + row * row_stride, ranks.bytes + row, ranks.slot_stride);
        both_ways |= (uint64_t)both << row;
    }
    return both_ways;
}

// MARK: Sums

// A sum in the library's precision: one of the two, by the constant `is_double` that is passed along.
typedef struct {
    double wide;
    float narrow;
} ranked_sum;

RANKED_INLINE ranked_sum RANKED(base)(const vencejo_ranked_forest *forest, size_t group) {
    ranked_sum sum = {forest->base_scores[group], (float)forest->base_scores[group]};
    return sum;
}

// Adds a leaf of the tables.
RANKED_INLINE ranked_sum RANKED(add)(ranked_sum sum, const uint8_t *leaves, size_t index, int is_double) {
    if (is_double)
        sum.wide += ((const double *)(const void *)leaves)[index];
    else
        sum.narrow += ((const float *)(const void *)leaves)[index];
    return sum;
}

RANKED_INLINE ranked_sum RANKED(load)(const void *scores, size_t index, int is_double) {
    ranked_sum sum = {0, 0};
    if (is_double)
        sum.wide = ((const double *)scores)[index];
    else
        sum.narrow = ((const float *)scores)[index];
    return sum;
}

RANKED_INLINE void RANKED(store)(void *scores, size_t index, ranked_sum sum, int is_double) {
    if (is_double)
        ((double *)scores)[index] = sum.wide;
    else
        ((float *)scores)[index] = sum.narrow;
}

// Bytes of a `vencejo_ranked_pair` with its leaves.
#define RANKED_PAIR_SIZE (is_double ? 48 : 32)

// Adds the leaf that an exit from six levels leads to: its own, or one of the pair's below it.
RANKED_INLINE ranked_sum RANKED(add_exit)(
    ranked_sum sum, const uint8_t *leaves, size_t exit, const int8_t *ranks, size_t slot_stride, int form,
    int is_double) {
    if (form != VENCEJO_RANKED_LEVELS_8) return RANKED(add)(sum, leaves, exit, is_double);
    const uint8_t *place = leaves + RANKED_PAIR_SIZE * exit;
    const vencejo_ranked_pair *pair = (const void *)place;
    size_t first = ranks[pair->slots[0] * slot_stride] > pair->ranks[0];
    size_t second = ranks[pair->slots[1 + first] * slot_stride] > pair->ranks[1 + first];
    return RANKED(add)(sum, place + 16, 2 * first + second, is_double);
}

// MARK: One row

// Walks a perfect tree of `levels` levels; the exit counts from 0.
RANKED_INLINE size_t RANKED(walk)(
    const uint16_t *slots, const int8_t *node_ranks, const int8_t *ranks, size_t levels) {
    size_t node = 1;
    for (size_t level = 0; level < levels; level++) node = 2 * node + (ranks[slots[node]] > node_ranks[node]);
    return node - ((size_t)1 << levels);
}

RANKED_INLINE void RANKED(add_by_walking)(
    const vencejo_ranked_forest *forest, const int8_t *ranks, void *scores, int form, int is_double) {
    size_t levels = form == VENCEJO_RANKED_LEVELS_3 ? 3 : 6;
    size_t nodes = (size_t)1 << levels;
    for (uint32_t group = 0; group < forest->group_count; group++) {
        ranked_sum sum = RANKED(base)(forest, group);
        size_t first = forest->groups[group].first_tree;
        for (size_t tree = first; tree < first + forest->groups[group].tree_count; tree++) {
            size_t exit = RANKED(walk)(
                forest->node_slots + nodes * tree, forest->node_ranks + nodes * tree, ranks, levels);
            size_t index = nodes * tree + exit;
            sum = RANKED(add_exit)(sum, forest->leaves, index, ranks, 1, form, is_double);
        }
        RANKED(store)(scores, group, sum, is_double);
    }
}

// Without shuffles: excludes leaves node by node.
RANKED_INLINE void RANKED(add_by_sets)(
    const vencejo_ranked_forest *forest, const int8_t *ranks, void *scores, int form, int is_double) {
    size_t leaf_count = form == VENCEJO_RANKED_LEAVES_32 ? 32 : 64;
    size_t nodes = leaf_count - 1;
    for (uint32_t group = 0; group < forest->group_count; group++) {
        ranked_sum sum = RANKED(base)(forest, group);
        size_t first = forest->groups[group].first_tree;
        for (size_t tree = first; tree < first + forest->groups[group].tree_count; tree++) {
            uint64_t excluded = 0;
            for (size_t node = nodes * tree; node < nodes * (tree + 1); node++) {
                uint64_t goes_right = (uint64_t)(ranks[forest->node_slots[node]] > forest->node_ranks[node]);
                excluded |= forest->node_sets[node] & (0 - goes_right);
            }
            size_t leaf = (size_t)__builtin_ctzll(~excluded);
            sum = RANKED(add)(sum, forest->leaves, leaf_count * tree + leaf, is_double);
        }
        RANKED(store)(scores, group, sum, is_double);
    }
}

#if RANKED_HAS_SHUFFLE
// Trees whose exits are found before the first of them is added.
#define RANKED_AHEAD 16

// The exit of a row from six levels, counted over all trees.
RANKED_INLINE size_t RANKED(exit_of_tile)(
    const vencejo_ranked_forest *forest, size_t tree, ranked_table table, const ranked_table *copies,
    int has_few_slots) {
    const uint8_t *tile = forest->tiles + 128 * tree;
    uint64_t right = ranked_decide_64(tile, table, has_few_slots);
    if (copies) {
        uint64_t left = ((const uint64_t *)(const void *)forest->missing_left)[tree];
        uint64_t right_copies = ranked_decide_64(tile, *copies, has_few_slots);
        right = right_copies ^ ((right_copies ^ right) & left);
    }
    size_t top = right >> 56;
    size_t below = right >> ranked_exit_bits[top] & 127;
    return 64 * tree + 8 * (size_t)ranked_exits[top] + ranked_exits[below];
}

RANKED_INLINE void RANKED(add_by_tiles)(
    const vencejo_ranked_forest *forest, const int8_t *ranks, const int8_t *copies, void *scores, int form,
    int is_double, int has_few_slots) {
    ranked_table table = ranked_load_table(ranks);
    ranked_table copy_table = copies ? ranked_load_table(copies) : table;
    for (uint32_t group = 0; group < forest->group_count; group++) {
        ranked_sum sum = RANKED(base)(forest, group);
        size_t first = forest->groups[group].first_tree;
        size_t end = first + forest->groups[group].tree_count;
        if (form != VENCEJO_RANKED_LEVELS_8) {
            for (size_t tree = first; tree < end; tree++) {
                size_t exit = RANKED(exit_of_tile)(forest, tree, table, copies ? &copy_table : NULL, has_few_slots);
                sum = RANKED(add)(sum, forest->leaves, exit, is_double);
            }
        } else if (first < end) {
            // What lies below the exits is seldom in the first cache: it is asked for some trees ahead.
            size_t ahead[RANKED_AHEAD];
            for (size_t tree = first; tree < end + RANKED_AHEAD; tree++) {
                size_t *place = &ahead[tree % RANKED_AHEAD];
                if (tree >= first + RANKED_AHEAD)
                    sum = RANKED(add_exit)(sum, forest->leaves, *place, ranks, 1, form, is_double);
                if (tree >= end) continue;
                *place = RANKED(exit_of_tile)(forest, tree, table, copies ? &copy_table : NULL, has_few_slots);
                __builtin_prefetch(forest->leaves + RANKED_PAIR_SIZE * *place);
            }
        }
        RANKED(store)(scores, group, sum, is_double);
    }
}

// Four trees of three levels at a time.
RANKED_INLINE void RANKED(add_by_small_tiles)(
    const vencejo_ranked_forest *forest, const int8_t *ranks, const int8_t *copies, void *scores, int is_double,
    int has_few_slots) {
    ranked_table table = ranked_load_table(ranks);
    ranked_table copy_table = copies ? ranked_load_table(copies) : table;
    const uint32_t *missing_left = (const void *)forest->missing_left;
    for (uint32_t group = 0; group < forest->group_count; group++) {
        ranked_sum sum = RANKED(base)(forest, group);
        size_t first = forest->groups[group].first_tree / 4;
        for (size_t four = first; four < first + forest->groups[group].tree_count / 4; four++) {
            const uint8_t *tile = forest->tiles + 64 * four;
            uint32_t right = ranked_decide_32(tile, table, has_few_slots);
            if (copies) {
                uint32_t right_copies = ranked_decide_32(tile, copy_table, has_few_slots);
                right = right_copies ^ ((right_copies ^ right) & missing_left[four]);
            }
            for (size_t tree = 0; tree < 4; tree++) {
                size_t exit = ranked_exits[right >> 8 * tree & 127];
                sum = RANKED(add)(sum, forest->leaves, 32 * four + 8 * tree + exit, is_double);
            }
        }
        RANKED(store)(scores, group, sum, is_double);
    }
}

RANKED_INLINE void RANKED(add_by_planes)(
    const vencejo_ranked_forest *forest, const int8_t *ranks, const int8_t *copies, void *scores, int form,
    int is_double, int has_few_slots) {
    ranked_table table = ranked_load_table(ranks);
    ranked_table copy_table = copies ? ranked_load_table(copies) : table;
    size_t planes = form == VENCEJO_RANKED_LEAVES_32 ? 4 : 8;
    // Of four nodes in ascending order of leaves, the j-th four excludes none beyond plane j / 2.
    size_t block_size = 2 * planes * 64 + 32 * planes * (planes + 1);
    for (uint32_t group = 0; group < forest->group_count; group++) {
        ranked_sum sum = RANKED(base)(forest, group);
        size_t first = forest->groups[group].first_tree / 8;
        for (size_t block = first; block < first + forest->groups[group].tree_count / 8; block++) {
            uint32_t leaves[8];
            ranked_leaves_of_8(
                forest->tiles + block_size * block, table, copies ? &copy_table : NULL,
                forest->missing_left + 64 * planes * block, planes, has_few_slots,
                leaves);
            const uint8_t *values = forest->leaves + (is_double ? 8 : 4) * 64 * planes * block;
            for (size_t tree = 0; tree < 8; tree++)
                sum = RANKED(add)(sum, values, 8 * planes * tree + leaves[tree], is_double);
        }
        RANKED(store)(scores, group, sum, is_double);
    }
}

RANKED_INLINE void RANKED(add_by_shuffles)(
    const vencejo_ranked_forest *forest, const int8_t *ranks, const int8_t *copies, void *scores, int form,
    int is_double, int has_few_slots) {
    if (form == VENCEJO_RANKED_LEVELS_3)
        RANKED(add_by_small_tiles)(forest, ranks, copies, scores, is_double, has_few_slots);
    else if (form == VENCEJO_RANKED_LEAVES_32 || form == VENCEJO_RANKED_LEAVES_64)
        RANKED(add_by_planes)(forest, ranks, copies, scores, form, is_double, has_few_slots);
    else
        RANKED(add_by_tiles)(forest, ranks, copies, scores, form, is_double, has_few_slots);
}
#endif

// `copies`: the first 64 slots with the copies in their places, or NULL if no missing value goes both ways.
RANKED_INLINE void RANKED(add_row)(
    const vencejo_ranked_forest *forest, const int8_t *ranks, const int8_t *copies, void *scores, int form,
    int is_double) {
#if RANKED_HAS_SHUFFLE
    if (forest->has_tiles) {
        if (forest->slot_count <= 32)
            RANKED(add_by_shuffles)(forest, ranks, copies, scores, form, is_double, 1);
        else
            RANKED(add_by_shuffles)(forest, ranks, copies, scores, form, is_double, 0);
        return;
    }
#endif
    (void)copies;
    if (form == VENCEJO_RANKED_LEAVES_32 || form == VENCEJO_RANKED_LEAVES_64)
        RANKED(add_by_sets)(forest, ranks, scores, form, is_double);
    else
        RANKED(add_by_walking)(forest, ranks, scores, form, is_double);
}

// MARK: All

#include "ranked_lanes.h"

#define RANKED_FORM(form, is_double)                                                                                  \
    RANKED_FUNCTION void RANKED(add_row_##form##_##is_double)(                                                        \
        const vencejo_ranked_forest *forest, const int8_t *ranks, void *scores) {                                     \
        RANKED(add_row)(forest, ranks, NULL, scores, form, is_double);                                                \
    }                                                                                                                 \
    RANKED_FUNCTION void RANKED(add_odd_row_##form##_##is_double)(                                                    \
        const vencejo_ranked_forest *forest, const int8_t *ranks, const int8_t *copies, void *scores) {               \
        RANKED(add_row)(forest, ranks, copies, scores, form, is_double);                                              \
    }                                                                                                                 \
    RANKED_FUNCTION void RANKED(add_lanes_##form##_##is_double)(                                                      \
        const vencejo_ranked_forest *forest, const int8_t *ranks, size_t row_count, void *scores, uint8_t *scratch) { \
        RANKED(add_lanes)(forest, ranks, row_count, scores, scratch, form, is_double);                                \
    }

RANKED_FORM(0, 0)
RANKED_FORM(0, 1)
RANKED_FORM(1, 0)
RANKED_FORM(1, 1)
RANKED_FORM(2, 0)
RANKED_FORM(2, 1)
RANKED_FORM(3, 0)
RANKED_FORM(3, 1)
RANKED_FORM(4, 0)
RANKED_FORM(4, 1)

// Calls the function made for the forest's form.
#define RANKED_DISPATCH(function, ...)                                                                                \
    switch (2 * (int)forest->form + forest->is_double) {                                                              \
    case 0: RANKED(function##_0_0)(__VA_ARGS__); break;                                                               \
    case 1: RANKED(function##_0_1)(__VA_ARGS__); break;                                                               \
    case 2: RANKED(function##_1_0)(__VA_ARGS__); break;                                                               \
    case 3: RANKED(function##_1_1)(__VA_ARGS__); break;                                                               \
    case 4: RANKED(function##_2_0)(__VA_ARGS__); break;                                                               \
    case 5: RANKED(function##_2_1)(__VA_ARGS__); break;                                                               \
    case 6: RANKED(function##_3_0)(__VA_ARGS__); break;                                                               \
    case 7: RANKED(function##_3_1)(__VA_ARGS__); break;                                                               \
    case 8: RANKED(function##_4_0)(__VA_ARGS__); break;                                                               \
    default: RANKED(function##_4_1)(__VA_ARGS__); break;                                                              \
    }

vencejo_ranked_rows RANKED(vencejo_ranked_run)(
    const vencejo_ranked_forest *forest, const double *rows, size_t row_stride, size_t row_count, void *scratch,
    void *scores) {
    vencejo_ranked_rows found = {0, 0};
    uint8_t *place = (uint8_t *)(((uintptr_t)scratch + 63) & ~(uintptr_t)63);
    int8_t *first_ranks = (int8_t *)place;
    place += (size_t)VENCEJO_RANKED_ROWS * (forest->all_slot_count > 64 ? forest->all_slot_count : 64);
    uint8_t *lane_scratch = place;
    place += VENCEJO_RANKED_LANE_SCRATCH;
    float *narrow = (float *)(void *)place;

    if (row_count >= forest->batch_rows) {
        ranked_rows ranks = {first_ranks, VENCEJO_RANKED_ROWS};
        RANKED(rank_rows)(forest, rows, row_stride, row_count, narrow, ranks, 1, &found);
        RANKED_DISPATCH(add_lanes, forest, first_ranks, row_count, scores, lane_scratch)
        return found;
    }
    size_t score_stride = forest->group_count * (forest->is_double ? sizeof(double) : sizeof(float));
    int makes_copies = !forest->has_tiles || forest->form == VENCEJO_RANKED_LEVELS_8;
    for (size_t row = 0; row < row_count; row++) {
        ranked_rows ranks = {first_ranks, 1};
        vencejo_ranked_rows found_here = {0, 0};
        uint64_t both_ways = RANKED(rank_rows)(
            forest, rows + row * row_stride, row_stride, 1, narrow, ranks, makes_copies, &found_here);
        found.infinite |= found_here.infinite << row;
        found.missing |= found_here.missing << row;
        void *row_scores = (uint8_t *)scores + row * score_stride;
        if (both_ways && forest->has_tiles) {
            int8_t copies[64];
            memcpy(copies, first_ranks, 64);
            for (uint32_t slot = 0; slot < forest->slot_count; slot++)
                if (forest->slots[slot].right_copy) copies[slot] = first_ranks[forest->slots[slot].right_copy];
            RANKED_DISPATCH(add_odd_row, forest, first_ranks, copies, row_scores)
        } else {
            RANKED_DISPATCH(add_row, forest, first_ranks, row_scores)
        }
    }
    return found;
}
