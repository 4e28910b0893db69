import InferenceEngine
import ModelIR
import TensorCore
import Testing

@testable import ModelFormats

/// What an imported model tells about itself.
@Suite struct ScikitLearnImporterTests {
    private func load(_ name: String) throws -> ImportedModel {
        let bytes = try ParityCase.named(name).modelBytes
        return try ScikitLearnImporter().importModel(bytes.span)
    }

    @Test(arguments: [
        ("linear_array", "pickle"), ("ridge_multi_output", "joblib"), ("mixed_frame", "joblib-zlib"),
        ("mixed_frame_joblib_gzip", "joblib-gzip"), ("mixed_frame_gzip_pickle", "pickle-gzip"),
        ("mixed_frame_protocol_0", "pickle"),
    ])
    func namesTheFormat(fixture: String, format: String) throws {
        let model = try load("1.7.2/" + fixture)
        #expect(model.format == format)
        #expect(model.producer == "scikit-learn 1.7.2")
    }

    @Test func listsTheSteps() throws {
        let steps = try load("1.7.2/mixed_frame").steps
        #expect(
            steps == [
                ModelStep(path: "pipeline", className: "Pipeline", detail: "2 steps"),
                ModelStep(path: "pipeline/preprocess", className: "ColumnTransformer", detail: "6 columns, 4 branches"),
                ModelStep(path: "pipeline/preprocess/numeric", className: "Pipeline", detail: "2 steps"),
                ModelStep(
                    path: "pipeline/preprocess/numeric/impute", className: "SimpleImputer",
                    detail: "median, 2 columns"),
                ModelStep(path: "pipeline/preprocess/numeric/scale", className: "StandardScaler", detail: "2 columns"),
                ModelStep(path: "pipeline/preprocess/text", className: "Pipeline", detail: "2 steps"),
                ModelStep(
                    path: "pipeline/preprocess/text/impute", className: "SimpleImputer",
                    detail: "most_frequent, 2 columns"),
                ModelStep(
                    path: "pipeline/preprocess/text/encode", className: "OneHotEncoder",
                    detail: "2 columns, 8 indicators"),
                ModelStep(path: "pipeline/model", className: "ElasticNet", detail: "11 features"),
            ])
    }

    @Test func typesTheColumnsByTheirUse() throws {
        let model = try ModelCompiler.compile(load("1.7.2/mixed_frame").graph)
        let inputs = model.signature.inputs
        #expect(inputs.map(\.name) == ["rooms", "area", "heating", "district", "year", "owner"])
        #expect(inputs.map(\.kind) == [.float64, .float64, .string, .string, .float64, .float64])
        // Imputed, imputed, imputed, imputed, passed through as it is, dropped.
        #expect(inputs.map(\.acceptsMissing) == [true, true, true, true, false, true])
        #expect(inputs.map(\.isUsed) == [true, true, true, true, true, false])
        #expect(inputs[3].categories == ["east", "north", "south", "west"])
    }

    @Test(arguments: [
        ("1.7.2/linear_array", false, 1), ("1.5.2/ridge_one_target_in_a_matrix", true, 1),
        // Later versions of Ridge answer one number here.
        ("1.7.2/ridge_one_target_in_a_matrix", false, 1), ("1.7.2/ridge_multi_output", true, 2),
    ])
    func answersAListWhereTheTargetWasAMatrix(fixture: String, isVector: Bool, width: Int) throws {
        let model = try ModelCompiler.compile(load(fixture).graph)
        let output = try #require(model.signature.outputs.first)
        #expect(output.name == "prediction")
        #expect(output.isVector == isVector)
        #expect(output.width == width)
    }

    @Test(arguments: [
        ("logistic_binary_integers", ClassLabels.integers([-2, 3])),
        ("logistic_binary_booleans", .booleans([false, true])),
        ("logistic_binary_floats", .doubles([-2, 1])), ("logistic_binary_strings_protocol_2", .strings(["no", "sí"])),
        ("logistic_object_labels_protocol_0", .strings(["ash", "birch", "cedar"])),
    ])
    func keepsTheTypeOfTheLabels(fixture: String, labels: ClassLabels) throws {
        let outputs = try ModelCompiler.compile(load("1.7.2/" + fixture).graph).signature.outputs
        #expect(outputs.map(\.name) == ["prediction", "probabilities"])
        #expect(outputs.map(\.kind) == [.label(labels), .probabilities(labels, .float64)])
    }
}
