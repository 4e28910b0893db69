// What dense models read straight from records: numbers less their centres, linear models over them, a look for missing
// numbers. Included by dense_body.h, whose vectors it is written in.

INLINE vector bounded(const vencejo_terms *terms, size_t index, vector value) {
    // NaN passes both.
    return LESSER(load(terms->upper + index), GREATER(load(terms->lower + index), value));
}

INLINE double bounded_number(const vencejo_terms *terms, size_t index, double value) {
    if (terms->lower == NULL) return value;
    // NaN passes both.
    if (value < terms->lower[index]) value = terms->lower[index];
    if (value > terms->upper[index]) value = terms->upper[index];
    return value;
}

INLINE vector centered(const vencejo_terms *terms, const double *from, size_t index) {
    vector value;
    if (terms->columns == NULL) {
        value = load(from + index);
    } else {
        UNROLL
        for (int lane = 0; lane < LANES; lane++) value[lane] = from[terms->columns[index + lane]];
    }
    value = choose(value != value, load(terms->missing + index), value - load(terms->centers + index));
    return terms->lower == NULL ? value : bounded(terms, index, value);
}

INLINE double centered_number(const vencejo_terms *terms, const double *from, size_t index) {
    double value = from[terms->columns == NULL ? (int32_t)index : terms->columns[index]];
    value = value != value ? terms->missing[index] : value - terms->centers[index];
    return bounded_number(terms, index, value);
}

INLINE void center_row(const vencejo_terms *terms, const vencejo_records *records, size_t row, double *to) {
    const size_t count = terms->count;
    const uint64_t *slots = records->slots + row * records->stride;
    const double *from = (const double *)slots;
    size_t index = 0;
    for (; index + LANES <= count; index += LANES) store(to + index, centered(terms, from, index));
    for (; index < count; index++) to[index] = centered_number(terms, from, index);
    // What was made of 64-bit integers, taken for doubles, is made again.
    for (size_t place = 0; place < terms->integer_count; place++) {
        const size_t term = (size_t)terms->integer_terms[place];
        const size_t column = terms->columns == NULL ? term : (size_t)terms->columns[term];
        const uint64_t word = records->missing[row * records->missing_stride + column / 64];
        const double value =
            word >> column % 64 & 1 ? terms->missing[term] : (double)(int64_t)slots[column] - terms->centers[term];
        to[term] = bounded_number(terms, term, value);
    }
}

void NAME(center)(const vencejo_terms *terms, const vencejo_records *records, size_t row_count, double *output) {
    for (size_t row = 0; row < row_count; row++) center_row(terms, records, row, output + row * terms->count);
}

// `dot` of a row's centred numbers, which are never stored.
INLINE double centered_dot(const vencejo_terms *terms, const double *from, const double *weights) {
    const size_t count = terms->count;
    vector total[16 / LANES];
    UNROLL
    for (int part = 0; part < 16 / LANES; part++) total[part] = splat(0);
    size_t index = 0;
    for (; index + 16 <= count; index += 16) {
        UNROLL
        for (int part = 0; part < 16 / LANES; part++)
            total[part] = FMA(
                centered(terms, from, index + part * LANES), load(weights + index + part * LANES), total[part]);
    }
    UNROLL
    for (int part = 0; part < 16 / LANES; part++) {
        if (index + LANES > count) break;
        total[part] = FMA(centered(terms, from, index), load(weights + index), total[part]);
        index += LANES;
    }
    UNROLL
    for (int part = 1; part < 16 / LANES; part++) total[0] += total[part];
    double sum = lane_sum(total[0]);
    for (; index < count; index++) sum += centered_number(terms, from, index) * weights[index];
    return sum;
}

void NAME(linear_numbers)(    const vencejo_linear *model, const vencejo_records *records, size_t row_count, double *centred, double *scores
) {
    const size_t width = model->terms.count;
    const size_t outputs = model->outputs;
    if (outputs == 1 && model->terms.integer_count == 0) {
        // A copy, so that it is plain that the scores are no part of it.
        const vencejo_terms terms = model->terms;
        const double bias = model->bias[0];
        for (size_t row = 0; row < row_count; row++) {
            const double *from = (const double *)(records->slots + row * records->stride);
            if (terms.columns == NULL && terms.lower == NULL) {
                const vencejo_terms plain = {NULL, terms.centers, terms.missing, NULL, NULL, width, NULL, 0};
                scores[row] = centered_dot(&plain, from, model->weights) + bias;
            } else {
                scores[row] = centered_dot(&terms, from, model->weights) + bias;
            }
        }
        return;
    }
    if (model->panels == NULL) {
        for (size_t row = 0; row < row_count; row++) {
            center_row(&model->terms, records, row, centred);
            for (size_t index = 0; index < outputs; index++)
                scores[row * outputs + index] = dot(centred, model->weights + index * width, width) + model->bias[index];
        }
        return;
    }
    const vencejo_measure product = {VENCEJO_SUM_PRODUCTS, VENCEJO_KEEP, 0, 0, 0};
    for (size_t row = 0; row < row_count; row += model->block_rows) {
        const size_t count = row_count - row < model->block_rows ? row_count - row : model->block_rows;
        for (size_t index = 0; index < count; index++)
            center_row(&model->terms, records, row + index, centred + index * width);
        NAME(pairwise)(&product, centred, count, width, model->panels, outputs, model->bias, scores + row * outputs,
                       outputs);
    }
}

void NAME(nan_rows)(
    const uint64_t *slots, size_t stride, size_t row_count, const int32_t *columns, size_t count, uint64_t *found
) {
    *found = 0;
    for (size_t row = 0; row < row_count; row++) {
        const double *from = (const double *)(slots + row * stride);
        size_t index = 0;
        int has_nan = 0;
        if (columns == NULL) {
            bits seen = {0};
            for (; index + LANES <= count; index += LANES) seen |= (bits)(load(from + index) != load(from + index));
            UNROLL
            for (int lane = 0; lane < LANES; lane++) has_nan |= seen[lane] != 0;
        }
        for (; index < count; index++) {
            const double value = from[columns == NULL ? (int32_t)index : columns[index]];
            has_nan |= value != value;
        }
        *found |= (uint64_t)has_nan << row;
    }
}
