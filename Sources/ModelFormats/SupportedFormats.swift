package import ModelIR

/// The formats that a model may come in: one line each.
package enum SupportedFormats {
    package static let importers = ModelImporterList([FolderImporter(files)]) + files

    /// Those that are one file of one library.
    private static let files = ModelImporterList(
        [
            ScikitLearnImporter(),
            SkopsImporter(),
            XGBoostImporter(),
            LightGBMImporter(),
            CatBoostImporter(),
        ], strangers: strangers)

    /// What has been taken for a model's file. None of them begins as one does.
    private static let strangers = [
        StrangeFile(
            "a pointer of Git LFS, and not the file that it stands for", prefix: Array("version https://git-lfs".utf8),
            remedy: "`git lfs pull` fetches the file itself"),
        StrangeFile(
            "an HTML page", prefix: Array("<!doctype html".utf8), remedy: page),
        StrangeFile("an HTML page", prefix: Array("<html".utf8), remedy: page),
        StrangeFile("an XML document", prefix: Array("<?xml".utf8), remedy: page),
        StrangeFile(
            "an HDF5 file, such as Keras writes", prefix: [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a],
            remedy: "neural networks are not served; `vencejo formats` lists what is read"),
        StrangeFile(
            "a Parquet file: rows and no model", prefix: Array("PAR1".utf8), remedy: "name the file of the model"),
    ]

    private static let page =
        "most likely a download that went wrong: look into the file, and fetch it again with its address and rights"
}
