package import ModelIR

/// The formats that a model may come in: one line each.
package enum SupportedFormats {
    package static let importers = ModelImporterList([FolderImporter(files)]) + files

    /// Those that are one file of one library.
    private static let files = ModelImporterList([
        ScikitLearnImporter(),
        SkopsImporter(),
        XGBoostImporter(),
        LightGBMImporter(),
        CatBoostImporter(),
    ])
}
