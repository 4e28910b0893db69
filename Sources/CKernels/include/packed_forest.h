#ifndef VENCEJO_PACKED_FOREST_H
#define VENCEJO_PACKED_FOREST_H

// Deep and large forests: nodes packed into cache lines, eight trees walked side by side.
//
// A row becomes unsigned keys whose order is that of the numbers they stand for; a node goes right where its row's key
// is greater than the threshold. Slot 0 holds the smallest key and slot 1 the largest, so that a leaf can name itself
// as its child: the left of a pair tests slot 0, the right one slot 1. Siblings lie side by side, and a node names the
// pair of its children. Categorical nodes test one bit of a slot's key, which they shift to the top.
//
// A node, in words of 64 bits:
//
//   narrow   threshold or leaf (32) | pair of children | slot
//   sets     threshold or leaf (32) | pair of children | slot | shift (5)
//   wide     threshold or leaf (64), then pair of children (32) | slot (26) | shift (6)

#include <stddef.h>
#include <stdint.h>

typedef enum {
    VENCEJO_NODES_NARROW = 0,
    VENCEJO_NODES_SETS = 1,
    VENCEJO_NODES_WIDE = 2,
} vencejo_node_form;

// What becomes of a leaf.
typedef enum {
    // One number, for the only group.
    VENCEJO_LEAVES_ONE = 0,
    // One number, for the group of its tree.
    VENCEJO_LEAVES_GROUPED = 1,
    // A number for each group.
    VENCEJO_LEAVES_VECTOR = 2,
    // One number or a linear function, for the group of its tree.
    VENCEJO_LEAVES_LINEAR = 3,
} vencejo_leaf_form;

typedef struct {
    vencejo_node_form node_form;
    vencejo_leaf_form leaf_form;
    // Bits below the pair in the low word of a narrow node or one with sets.
    uint32_t low_bits;
    uint32_t tree_count;
    uint32_t group_count;
    // In a linear forest, leaves below this number are linear functions.
    uint32_t linear_count;
    const uint64_t *nodes;
    // One a tree, filled up with the last one to a multiple of eight.
    const uint32_t *roots;
    // The depth of the deepest tree of each eight.
    const uint32_t *levels;
    const uint32_t *tree_groups;
    // float or double, as the sums are.
    const void *leaf_values;
    const void *base_scores;
    // A linear leaf's terms lie from its start to the next one's.
    const uint32_t *linear_starts;
    const uint32_t *linear_features;
    const double *linear_coefficients;
    const double *linear_constants;
    const double *linear_weights;
} vencejo_packed_forest;

// How a categorical column becomes bits: codes to rows of words, one bit a set. Row 0 is for codes in no set, row 1
// for missing values.
typedef struct {
    uint32_t feature;
    uint32_t first_slot;
    uint32_t word_count;
    // Where the column's codes begin, and how many there are.
    uint32_t codes_start;
    uint32_t codes_count;
    // Whether `codes` has the row of each code, or else the codes themselves in ascending order, of rows from 2.
    uint32_t is_direct;
    uint64_t bits_start;
} vencejo_category_column;

// Kinds of slots, by what takes the place of a missing value.
enum {
    VENCEJO_SLOT_MISSING_RIGHT = 0,
    VENCEJO_SLOT_MISSING_LEFT = 1,
    // The same, and zero counts as missing.
    VENCEJO_SLOT_ZERO_RIGHT = 2,
    VENCEJO_SLOT_ZERO_LEFT = 3,
    VENCEJO_SLOT_KINDS = 4,
};

// How a row's numbers become keys: slots from 2 on, kind by kind, then the words of the categorical columns.
typedef struct {
    uint32_t column_count;
    // Whether keys are those of the numbers narrowed to float32.
    uint32_t narrows;
    // Whether codes are cut off towards zero; otherwise they are below 2^24.
    uint32_t truncates_codes;
    uint32_t category_count;
    uint32_t counts[VENCEJO_SLOT_KINDS];
    // Whether the features of a kind are 0, 1, 2...
    uint32_t in_order[VENCEJO_SLOT_KINDS];
    // What counts as zero, at most.
    double zero_bound;
    const uint32_t *features;
    const vencejo_category_column *categories;
    const uint32_t *codes;
    // Words as wide as the keys.
    const void *bits;
} vencejo_forest_slots;

// What a row has that some forests refuse.
enum {
    VENCEJO_ROW_INFINITE = 1,
    VENCEJO_ROW_MISSING = 2,
};

// Fills the keys of a row; says whether it has missing values, or numbers that float32 cannot hold if it narrows.
uint32_t vencejo_forest_keys32(
    vencejo_cpu_level level, const vencejo_forest_slots *slots, const double *row, void *keys);
uint32_t vencejo_forest_keys64(
    vencejo_cpu_level level, const vencejo_forest_slots *slots, const double *row, void *keys);

// Sums the leaves of rows whose keys lie `stride` apart, in the order of the trees. `numbers` are the rows' own, for
// linear leaves, `column_count` apart. Keys are of 64 bits for wide nodes, else of 32.
void vencejo_packed_forest_float(
    vencejo_cpu_level level, const vencejo_packed_forest *forest, const void *keys, size_t stride, size_t row_count,
    float *scores);
void vencejo_packed_forest_double(
    vencejo_cpu_level level, const vencejo_packed_forest *forest, const void *keys, size_t stride, size_t row_count,
    const double *numbers, size_t column_count, double *scores);

#endif
