package import TensorCore

/// What a protocol hands to serving: rows for tabular models, or tensors that lie in the request's bytes.
package enum InferenceInput: ~Copyable {
    case rows(RowBatch)
    case tensors([TensorView])
}
