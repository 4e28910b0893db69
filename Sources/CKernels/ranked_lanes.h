// Rows side by side: each slot's ranks of 64 rows lie next to each other, a node decides for RANKED_LANES rows at once,
// and the exits of subtrees are selected from the leaves up.
//
// Included by ranked_body.h, after definitions of
//     ranked_lanes, RANKED_LANES             bytes, and how many
//     ranked_decisions                       a decision each
//     ranked_lanes_decide(ranks, rank)       which of RANKED_LANES ranks are greater
//     ranked_lanes_select(decisions, l, r)   r where decided, else l
//     ranked_lanes_leaf(decisions, base)     base + 1 where decided, else base
//     ranked_lanes_load, ranked_lanes_store

RANKED_INLINE ranked_decisions RANKED(decide_node)(
    const uint16_t *slots, const int8_t *node_ranks, const int8_t *ranks, size_t node) {
    return ranked_lanes_decide(ranks + (size_t)slots[node] * VENCEJO_RANKED_ROWS, node_ranks[node]);
}

RANKED_INLINE ranked_lanes RANKED(exits_1)(
    const uint16_t *slots, const int8_t *node_ranks, const int8_t *ranks, size_t node, uint8_t base) {
    return ranked_lanes_leaf(RANKED(decide_node)(slots, node_ranks, ranks, node), base);
}

// The exit of each row from a perfect subtree of `levels` levels, whose first one is `base`.
#define RANKED_EXITS(levels, fewer)                                                                                   \
    RANKED_INLINE ranked_lanes RANKED(exits_##levels)(                                                                \
        const uint16_t *slots, const int8_t *node_ranks, const int8_t *ranks, size_t node, uint8_t base) {            \
        ranked_lanes left = RANKED(exits_##fewer)(slots, node_ranks, ranks, 2 * node, base);                          \
        ranked_lanes right =                                                                                          \
            RANKED(exits_##fewer)(slots, node_ranks, ranks, 2 * node + 1, (uint8_t)(base + (1 << fewer)));            \
        return ranked_lanes_select(RANKED(decide_node)(slots, node_ranks, ranks, node), left, right);                 \
    }

RANKED_EXITS(2, 1)
RANKED_EXITS(3, 2)
RANKED_EXITS(4, 3)
RANKED_EXITS(5, 4)
RANKED_EXITS(6, 5)

// Trees whose exits are found before they are added up.
#define RANKED_TREES 4

// The leaves of RANKED_LANES rows in a tree of any shape: each node's are selected from its children's, which lie in
// `values`, behind those of the leaves.
RANKED_INLINE ranked_lanes RANKED(exits_by_nodes)(
    const vencejo_ranked_forest *forest, size_t tree, size_t leaf_count, const int8_t *ranks, uint8_t *values) {
    size_t nodes = leaf_count - 1;
    ranked_lanes last = ranked_lanes_load(values);
    for (size_t node = 0; node < nodes; node++) {
        size_t index = nodes * tree + node;
        ranked_lanes left = ranked_lanes_load(values + RANKED_LANES * (size_t)forest->node_lefts[index]);
        ranked_lanes right = ranked_lanes_load(values + RANKED_LANES * (size_t)forest->node_rights[index]);
        ranked_decisions decisions = RANKED(decide_node)(forest->node_slots, forest->node_ranks, ranks, index);
        last = ranked_lanes_select(decisions, left, right);
        ranked_lanes_store(values + RANKED_LANES * (leaf_count + node), last);
    }
    return last;
}

RANKED_INLINE void RANKED(add_lanes)(
    const vencejo_ranked_forest *forest, const int8_t *ranks, size_t row_count, void *scores, uint8_t *scratch,
    int form, int is_double) {
    size_t group_count = forest->group_count;
    int by_nodes = form == VENCEJO_RANKED_LEAVES_32 || form == VENCEJO_RANKED_LEAVES_64;
    size_t leaf_count = form == VENCEJO_RANKED_LEVELS_3 ? 8 : form == VENCEJO_RANKED_LEAVES_32 ? 32 : 64;
    uint8_t *exits = scratch;
    uint8_t *values = scratch + RANKED_TREES * RANKED_LANES;
    if (by_nodes)
        for (size_t leaf = 0; leaf < leaf_count; leaf++) memset(values + RANKED_LANES * leaf, (int)leaf, RANKED_LANES);
    for (uint32_t group = 0; group < group_count; group++) {
        for (size_t row = 0; row < row_count; row++)
            RANKED(store)(scores, row * group_count + group, RANKED(base)(forest, group), is_double);
        size_t first = forest->groups[group].first_tree;
        size_t end = first + forest->groups[group].tree_count;
        for (size_t tree = first; tree < end; tree += RANKED_TREES) {
            for (size_t lane = 0; lane < row_count; lane += RANKED_LANES) {
                const int8_t *lane_ranks = ranks + lane;
                for (size_t index = 0; index < RANKED_TREES; index++) {
                    const uint16_t *slots = forest->node_slots + leaf_count * (tree + index);
                    const int8_t *node_ranks = forest->node_ranks + leaf_count * (tree + index);
                    ranked_lanes found;
                    if (by_nodes)
                        found = RANKED(exits_by_nodes)(forest, tree + index, leaf_count, lane_ranks, values);
                    else if (form == VENCEJO_RANKED_LEVELS_3)
                        found = RANKED(exits_3)(slots, node_ranks, lane_ranks, 1, 0);
                    else
                        found = RANKED(exits_6)(slots, node_ranks, lane_ranks, 1, 0);
                    ranked_lanes_store(exits + RANKED_LANES * index, found);
                }
                size_t count = row_count - lane < RANKED_LANES ? row_count - lane : RANKED_LANES;
                for (size_t row = 0; row < count; row++) {
                    size_t place = (lane + row) * group_count + group;
                    ranked_sum sum = RANKED(load)(scores, place, is_double);
                    for (size_t index = 0; index < RANKED_TREES; index++) {
                        size_t exit = leaf_count * (tree + index) + exits[RANKED_LANES * index + row];
                        sum = RANKED(add_exit)(
                            sum, forest->leaves, exit, lane_ranks + row, VENCEJO_RANKED_ROWS, form, is_double);
                    }
                    RANKED(store)(scores, place, sum, is_double);
                }
            }
        }
    }
}
