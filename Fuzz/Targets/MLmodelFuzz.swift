// modules: TensorCore ByteCoding Compression ModelIR ModelFormats
// max-length: 16384
internal import Compression
internal import ModelFormats
internal import ModelIR

/// Any bytes as the `MLmodel` of a folder that holds a file of each kind an MLflow model may name: the YAML, the flavour,
/// the signature and the example. Whatever it says, the answer is a model or an `ImportError` that says where and why.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzMLmodel(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let text = unsafe Array(UnsafeBufferPointer(start: start, count: count))
    let folder = TarWriter.pack([
        ("MLmodel", text), ("model.pkl", pickle), ("model.lgb", lightgbm),
        ("serving_input_example.json", Array(#"{"inputs": [[1]]}"#.utf8)),
        ("input_example.json", Array(#"{"columns": ["a"], "data": [[1]]}"#.utf8)),
    ])
    do throws(ImportError) {
        _ = try SupportedFormats.importers.importModel(folder.span)
    } catch {
        precondition(!error.place.isEmpty && !error.found.isEmpty && !error.expected.isEmpty, "a refusal says why")
        precondition(error.description.utf8.count < 8192, "a refusal is short")
    }
    return 0
}

/// A fitted `MaxAbsScaler` of one column, as protocol 0 has it.
private let pickle = Array(
    ("csklearn.preprocessing._data\nMaxAbsScaler\n(tR(dVn_features_in_\nI1\nsVscale_\n(lF2.0\nasVcopy\nI01\ns"
        + "V_sklearn_version\nV1.7.2\nsb.").utf8)

/// LightGBM's text of one tree without a split.
private let lightgbm = Array(
    """
    tree
    version=v4
    num_class=1
    num_tree_per_iteration=1
    label_index=0
    max_feature_idx=0
    objective=regression
    feature_names=a
    feature_infos=[0:1]

    Tree=0
    num_leaves=1
    num_cat=0
    leaf_value=0.5
    shrinkage=1

    end of trees

    """.utf8)
