package import ModelIR

/// The formats that a model may come in: one line each.
package enum SupportedFormats {
    package static let importers = ModelImporterList([
        ScikitLearnImporter(),
        XGBoostImporter(),
        LightGBMImporter(),
        CatBoostImporter(),
    ])
}
