// Compares a form of the ranked forests' kernels with the plain one, bit by bit, on random forests and rows. Built by
// scripts/check-kernels for instruction sets that the machine may lack.
//
// Usage: ranked_check SEED

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ranked_kernels.h"

#if defined(__aarch64__)
#define KERNEL vencejo_ranked_run_neon
#elif defined(VENCEJO_SIMDE)
#define KERNEL vencejo_ranked_run_avx512
#else
#define KERNEL vencejo_ranked_run_avx2
#define ENCODES_FOR_SHUFFLES_OF_16
#endif

static uint64_t state;

static uint64_t next(void) {
    state += 0x9e3779b97f4a7c15;
    uint64_t value = state;
    value = (value ^ value >> 30) * 0xbf58476d1ce4e5b9;
    value = (value ^ value >> 27) * 0x94d049bb133111eb;
    return value ^ value >> 31;
}

static unsigned below(unsigned bound) { return (unsigned)(next() % bound); }

static void *room(size_t size) {
    void *place = aligned_alloc(64, (size + 127) / 64 * 64);
    if (!place) exit(2);
    memset(place, 0, (size + 127) / 64 * 64);
    return place;
}

enum { TREES = 16, COLUMNS = 20, THRESHOLDS = 40 };

typedef struct {
    uint16_t slot;
    int8_t rank;
    uint64_t set;
} node;

static uint32_t slot_count;

// A slot, or its copy: every third slot has one.
static uint16_t any_slot(void) {
    uint32_t slot = below(slot_count);
    return (uint16_t)(slot % 3 == 0 && below(2) ? slot_count + slot / 3 : slot);
}

static node any_node(void) {
    node made = {any_slot(), (int8_t)((int)below(THRESHOLDS) - 128), 0};
    return made;
}

static uint8_t encoded(uint16_t slot) {
    if (slot >= slot_count) slot = (uint16_t)(3 * (slot - slot_count));
#if defined(ENCODES_FOR_SHUFFLES_OF_16)
    return (uint8_t)((slot & 15) | (slot & 16) << 3 | (slot & 32) << 1);
#else
    return (uint8_t)slot;
#endif
}

static int is_copy(uint16_t slot) { return slot >= slot_count; }

// The bit of a node counted level by level from 1.
static unsigned bit_of_place(unsigned place) {
    if (place < 8) return 55 + place;
    unsigned under = 28 - (unsigned)__builtin_clz(place);
    return 7 * ((place >> under) - 8) + (1u << under) - 1 + (place & ((1u << under) - 1));
}

static void put_node(uint8_t *slots, uint8_t *ranks, unsigned at, node made) {
    slots[at] = encoded(made.slot);
    ranks[at] = (uint8_t)made.rank;
}

static void fill_levels(vencejo_ranked_forest *forest, int form) {
    unsigned nodes = form == VENCEJO_RANKED_LEVELS_3 ? 8 : 64;
    uint16_t *slots = room(sizeof(uint16_t) * nodes * TREES);
    int8_t *ranks = room(nodes * TREES);
    uint8_t *tiles = room(128 * TREES);
    uint8_t *lefts = room(8 * TREES);
    for (unsigned tree = 0; tree < TREES; tree++) {
        for (unsigned place = 1; place < nodes; place++) {
            node made = any_node();
            slots[nodes * tree + place] = made.slot;
            ranks[nodes * tree + place] = made.rank;
            unsigned bit;
            if (nodes == 8) {
                bit = 8 * (tree % 4) + place - 1;
                put_node(tiles + 64 * (tree / 4), tiles + 64 * (tree / 4) + 32, bit, made);
                bit += 32 * (tree / 4);
            } else {
                bit = bit_of_place(place);
                put_node(tiles + 128 * tree, tiles + 128 * tree + 64, bit, made);
                bit += 64 * tree;
            }
            if (!is_copy(made.slot)) lefts[bit / 8] |= (uint8_t)(1 << bit % 8);
        }
        if (nodes == 64) tiles[128 * tree + 127] = 127;
    }
    if (nodes == 8)
        for (unsigned tree = 0; tree < TREES; tree++) tiles[64 * (tree / 4) + 32 + 8 * (tree % 4) + 7] = 127;
    forest->node_slots = slots;
    forest->node_ranks = ranks;
    forest->tiles = tiles;
    forest->missing_left = lefts;
}

typedef struct {
    unsigned leaves, nodes;
    node *made;
    uint16_t *lefts, *rights;
    unsigned leaf_max;
} grown;

// Grows a subtree of `leaves` leaves in postorder. Returns its number as a child; `set` gets its leaves.
static unsigned grow(grown *tree, unsigned leaves, uint64_t *set) {
    if (leaves == 1) {
        *set = (uint64_t)1 << tree->leaves;
        return tree->leaves++;
    }
    unsigned left_leaves = 1 + below(leaves - 1);
    uint64_t left_set, right_set;
    unsigned left = grow(tree, left_leaves, &left_set);
    unsigned right = grow(tree, leaves - left_leaves, &right_set);
    unsigned index = tree->nodes++;
    tree->made[index] = any_node();
    tree->made[index].set = left_set;
    tree->lefts[index] = (uint16_t)left;
    tree->rights[index] = (uint16_t)right;
    *set = left_set | right_set;
    return tree->leaf_max + index;
}

static void fill_leaves(vencejo_ranked_forest *forest, int form) {
    unsigned leaf_max = form == VENCEJO_RANKED_LEAVES_32 ? 32 : 64;
    unsigned nodes = leaf_max - 1, planes = leaf_max / 8;
    unsigned block_size = 2 * planes * 64 + 32 * planes * (planes + 1);
    uint16_t *slots = room(2 * nodes * TREES), *lefts = room(2 * nodes * TREES), *rights = room(2 * nodes * TREES);
    int8_t *ranks = room(nodes * TREES);
    uint64_t *sets = room(8 * nodes * TREES);
    uint8_t *tiles = room(block_size * TREES / 8);
    uint8_t *goes_left = room(64 * planes * TREES / 8);
    memset(ranks, 127, nodes * TREES);
    for (unsigned tree = 0; tree < TREES; tree++) {
        node made[64];
        grown growing = {0, 0, made, lefts + nodes * tree, rights + nodes * tree, leaf_max};
        uint64_t all;
        unsigned root = grow(&growing, tree == 3 ? leaf_max : 1 + below(leaf_max), &all);
        for (unsigned index = growing.nodes; index < nodes; index++) {
            lefts[nodes * tree + index] = (uint16_t)root;
            rights[nodes * tree + index] = (uint16_t)root;
        }
        node by_place[64];
        for (unsigned place = 0; place < 64; place++) by_place[place] = (node){0, 127, 0};
        for (unsigned index = 0; index < growing.nodes; index++) {
            slots[nodes * tree + index] = made[index].slot;
            ranks[nodes * tree + index] = made[index].rank;
            sets[nodes * tree + index] = made[index].set;
            by_place[63 - __builtin_clzll(made[index].set)] = made[index];
        }
        uint8_t *block = tiles + block_size * (tree / 8);
        uint8_t *block_left = goes_left + 64 * planes * (tree / 8);
        for (unsigned four = 0; four < 2 * planes; four++) {
            for (unsigned index = 0; index < 4; index++) {
                node here = by_place[4 * four + index];
                unsigned at = 4 * (tree % 8) + index;
                put_node(block, block + 32, at, here);
                for (unsigned plane = 0; plane <= four / 2; plane++)
                    block[64 + 32 * plane + at] = (uint8_t)(here.set >> 8 * plane);
                block_left[32 * four + at] = is_copy(here.slot) ? 0 : 255;
            }
            block += 64 + 32 * (four / 2 + 1);
        }
    }
    forest->node_slots = slots;
    forest->node_ranks = ranks;
    forest->node_lefts = lefts;
    forest->node_rights = rights;
    forest->node_sets = sets;
    forest->tiles = tiles;
    forest->missing_left = goes_left;
}

// Puts most of the slots into buckets; the entries say which.
static void fill_buckets(vencejo_ranked_forest *forest, vencejo_ranked_slot *entries) {
    vencejo_ranked_buckets *buckets = room(sizeof(vencejo_ranked_buckets) * (slot_count / 8 + 1));
    uint8_t *starts = room(64 * slot_count);
    unsigned chosen[256], count = 0;
    for (unsigned slot = 0; slot < slot_count; slot++) {
        if (below(4) == 0) continue;
        entries[slot].is_bucketed = 1;
        chosen[count++] = slot;
    }
    forest->plain_slot_count = slot_count - count;
    if (count == 0) return;
    while (count % 8) chosen[count] = chosen[count - 1], count++;
    for (unsigned index = 0; index < count; index++) {
        const vencejo_ranked_slot *entry = &entries[chosen[index]];
        vencejo_ranked_buckets *eight = &buckets[index / 8];
        const unsigned all = entry->threshold_count, place = index % 8, bucket_count = 8 << below(3);
        const float *thresholds = forest->thresholds + entry->thresholds + (all > 16 ? 16 : 0);
        const float lowest = thresholds[0], scale = (float)bucket_count / (thresholds[all - 1] - lowest);
        uint8_t *first = starts + 64 * chosen[index];
        memset(first, 0, bucket_count);
        for (unsigned threshold = 0; threshold < all; threshold++) {
            float bucket = (thresholds[threshold] - lowest) * scale;
            if (bucket > (float)(bucket_count - 1)) bucket = (float)(bucket_count - 1);
            for (unsigned next = (unsigned)bucket + 1; next < bucket_count; next++) first[next]++;
        }
        eight->lowest[place] = lowest;
        eight->scale[place] = scale;
        eight->last[place] = (float)(bucket_count - 1);
        eight->column[place] = entry->column;
        eight->slot[place] = chosen[index];
        eight->starts[place] = 64 * chosen[index];
        eight->thresholds[place] = (uint32_t)(thresholds - forest->thresholds);
        eight->exact_thresholds[place] = entry->exact_thresholds;
    }
    forest->buckets = buckets;
    forest->starts = starts;
}

static void check(int form, int is_double, int is_exact, unsigned slots) {
    slot_count = slots;
    vencejo_ranked_forest forest = {0};
    forest.form = (vencejo_ranked_form)form;
    forest.is_double = (uint8_t)is_double;
    forest.right_if_equal = (uint8_t)below(2);
    forest.is_exact = (uint8_t)is_exact;
    forest.zero_bound = below(2) ? 1e-35 : -1;
    forest.column_count = COLUMNS;
    forest.slot_count = slots;
    forest.all_slot_count = slots + (slots + 2) / 3;
    forest.group_count = 1;
    forest.batch_rows = 20;
    vencejo_ranked_group group = {0, TREES};
    double base = 0.25;
    forest.groups = &group;
    forest.base_scores = &base;

    vencejo_ranked_slot *entries = room(sizeof(vencejo_ranked_slot) * slots);
    float *thresholds = room(sizeof(float) * 64 * slots);
    double *exact = room(sizeof(double) * (THRESHOLDS + 1) * slots);
    for (unsigned slot = 0; slot < slots; slot++) {
        unsigned count = slot % 4 == 0 ? 10 : THRESHOLDS;
        vencejo_ranked_slot entry = {0};
        entry.column = slot % COLUMNS;
        entry.thresholds = 64 * slot;
        entry.exact_thresholds = (THRESHOLDS + 1) * slot;
        entry.threshold_count = count;
        entry.right_copy = slot % 3 == 0 ? slots + slot / 3 : 0;
        entry.missing_rank = slot % 3 == 0 || slot % 2 ? -128 : 127;
        entry.zero_is_missing = forest.zero_bound > 0 && slot % 5 == 0;
        entries[slot] = entry;
        float *first = thresholds + 64 * slot;
        for (unsigned index = 0; index < 64; index++) first[index] = NAN;
        float *all = count > 16 ? first + 16 : first;
        for (unsigned index = 0; index < count; index++) {
            double value = ((int)index - 20) / 8.0;
            exact[entry.exact_thresholds + index] = value;
            all[index] = (float)value;
            if (count > 16 && index % 16 == 15) first[index / 16] = (float)value;
        }
        exact[entry.exact_thresholds + count] = NAN;
    }
    forest.slots = entries;
    forest.thresholds = thresholds;
    forest.exact_thresholds = exact;

    int is_by_levels = form <= VENCEJO_RANKED_LEVELS_8;
    if (is_by_levels)
        fill_levels(&forest, form);
    else
        fill_leaves(&forest, form);
    size_t leaf_size = is_double ? 8 : 4;
    size_t pair_size = 16 + 4 * leaf_size;
    uint8_t *leaves = room(TREES * 64 * pair_size);
    size_t number_count = TREES * 64 * pair_size / leaf_size;
    for (size_t index = 0; index < number_count; index++) {
        double value = (int)below(2000) / 1000.0 - 1;
        if (is_double)
            ((double *)leaves)[index] = value;
        else
            ((float *)leaves)[index] = (float)value;
    }
    if (form == VENCEJO_RANKED_LEVELS_8)
        for (unsigned exit = 0; exit < TREES * 64; exit++) {
            vencejo_ranked_pair pair = {{any_slot(), any_slot(), any_slot()}, {0}, {0}};
            for (int index = 0; index < 3; index++) pair.ranks[index] = (int8_t)((int)below(THRESHOLDS) - 128);
            memcpy(leaves + pair_size * exit, &pair, sizeof pair);
        }
    forest.leaves = leaves;

    double rows[VENCEJO_RANKED_ROWS * COLUMNS];
    const double odd[] = {NAN, INFINITY, -INFINITY, 1e300, -0.0, 1e-36, -1e-35};
    for (size_t index = 0; index < VENCEJO_RANKED_ROWS * COLUMNS; index++)
        rows[index] = index / COLUMNS % 2 && below(4) == 0 ? odd[below(7)] : ((int)below(400) - 200) / 64.0;

    forest.plain_slot_count = slots;
    vencejo_ranked_forest bucketed = forest;
    vencejo_ranked_slot *bucketed_entries = room(sizeof(vencejo_ranked_slot) * slots);
    memcpy(bucketed_entries, entries, sizeof(vencejo_ranked_slot) * slots);
    bucketed.slots = bucketed_entries;
    fill_buckets(&bucketed, bucketed_entries);
    bucketed.buckets_count = (slots - bucketed.plain_slot_count + 7) / 8;

    void *scratch = room(vencejo_ranked_scratch_size(&forest));
    const size_t counts[] = {1, 2, 19, 20, 31, 32, 33, 63, 64};
    for (size_t index = 0; index < sizeof counts / sizeof *counts; index++) {
        double expected[VENCEJO_RANKED_ROWS] = {0}, found[VENCEJO_RANKED_ROWS] = {0};
        forest.has_tiles = 0;
        vencejo_ranked_rows told =
            vencejo_ranked_run_portable(&forest, rows, COLUMNS, counts[index], scratch, expected);
        bucketed.has_tiles = slots <= 64;
        vencejo_ranked_rows told_here = KERNEL(&bucketed, rows, COLUMNS, counts[index], scratch, found);
        if (memcmp(expected, found, sizeof found) || told.infinite != told_here.infinite
            || told.missing != told_here.missing) {
            printf("form %d, double %d, exact %d, %u slots, %zu rows: differs\n", form, is_double, is_exact, slots,
                counts[index]);
            exit(1);
        }
    }
}

int main(int argc, char **argv) {
    state = argc > 1 ? strtoull(argv[1], NULL, 10) : 1;
    printf("seed %llu\n", (unsigned long long)state);
    const unsigned slots[] = {1, 16, 17, 32, 33, 64, 65};
    unsigned checks = 0;
    for (int form = VENCEJO_RANKED_LEVELS_3; form <= VENCEJO_RANKED_LEAVES_64; form++)
        for (int is_double = 0; is_double < 2; is_double++)
            for (int is_exact = 0; is_exact < 2; is_exact++)
                for (size_t index = 0; index < sizeof slots / sizeof *slots; index++, checks++)
                    check(form, is_double, is_exact, slots[index]);
    printf("%u forests agree\n", checks);
    return 0;
}
