// Leaves that decisions exclude, in vectors of 32 bytes. Included by the kernels for x86-64.

// The sets of eight trees, one a 32-bit word: in plane p, byte t * 4 + n is what the n-th of four nodes of tree t
// excludes of leaves 8p to 8p + 7; the four are united.
RANKED_HERE __m256i ranked_unite(__m256i plane0, __m256i plane1, __m256i plane2, __m256i plane3) {
    __m256i even = _mm256_set1_epi16(0x00ff);
    // Bytes 0 and 2 of a word from one plane, 1 and 3 from the other.
    __m256i low = _mm256_or_si256(
        _mm256_and_si256(even, _mm256_or_si256(plane0, _mm256_srli_epi16(plane0, 8))),
        _mm256_andnot_si256(even, _mm256_or_si256(plane1, _mm256_slli_epi16(plane1, 8))));
    __m256i high = _mm256_or_si256(
        _mm256_and_si256(even, _mm256_or_si256(plane2, _mm256_srli_epi16(plane2, 8))),
        _mm256_andnot_si256(even, _mm256_or_si256(plane3, _mm256_slli_epi16(plane3, 8))));
    low = _mm256_or_si256(low, _mm256_srli_epi32(low, 16));
    high = _mm256_or_si256(high, _mm256_slli_epi32(high, 16));
    return _mm256_blend_epi16(low, high, 0xaa);
}

// Adds what 32 nodes exclude to the first `planes` of `excluded`; returns what follows their sets.
RANKED_HERE const uint8_t *ranked_exclude(
    const uint8_t *sets, __m256i right, size_t planes, __m256i excluded[8]) {
    for (size_t plane = 0; plane < planes; plane++, sets += 32) {
        __m256i excluded_here = _mm256_and_si256(right, _mm256_loadu_si256((const void *)sets));
        excluded[plane] = _mm256_or_si256(excluded[plane], excluded_here);
    }
    return sets;
}

// The first leaf of each of eight trees that is not excluded.
RANKED_HERE void ranked_first_left(const __m256i excluded[8], size_t planes, uint32_t *leaves) {
    uint32_t low[8];
    _mm256_storeu_si256((void *)low, ranked_unite(excluded[0], excluded[1], excluded[2], excluded[3]));
    if (planes == 4) {
        for (size_t tree = 0; tree < 8; tree++) leaves[tree] = (uint32_t)__builtin_ctz(~low[tree]);
        return;
    }
    uint32_t high[8];
    _mm256_storeu_si256((void *)high, ranked_unite(excluded[4], excluded[5], excluded[6], excluded[7]));
    for (size_t tree = 0; tree < 8; tree++)
        leaves[tree] = (uint32_t)__builtin_ctzll(~(low[tree] | (uint64_t)high[tree] << 32));
}
