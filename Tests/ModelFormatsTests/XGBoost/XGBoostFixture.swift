import Foundation
import ModelFormats
import ModelIR
import Testing

/// One case of the fixtures: a model file, rows, and what XGBoost answered.
struct XGBoostFixture: CustomTestStringConvertible {
    let name: String
    let model: [UInt8]
    let isJSON: Bool
    /// Missing values are nil.
    let rows: [[Double?]]
    let margin: [[Double]]
    /// One row each; scalars are rows of one.
    let prediction: [[Double]]
    let probabilities: [[Double]]?

    var testDescription: String { name }

    private struct Expected: Decodable {
        let margin: [[Double]]
        let prediction: [Row]
        let probabilities: [[Double]]?
    }

    private struct Row: Decodable {
        let values: [Double]
        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let values = try? container.decode([Double].self) {
                self.values = values
            } else {
                values = [try container.decode(Double.self)]
            }
        }
    }

    static let folder = Bundle.module.resourceURL?.appendingPathComponent("Fixtures/xgboost")

    static let names: [String] = {
        guard let path = folder?.path else { return [] }
        return ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted()
    }()

    init(_ name: String) throws {
        let folder = try #require(Self.folder).appendingPathComponent(name)
        isJSON = FileManager.default.fileExists(atPath: folder.appendingPathComponent("model.json").path)
        self.name = name
        model = Array(try Data(contentsOf: folder.appendingPathComponent(isJSON ? "model.json" : "model.ubj")))
        let decoder = JSONDecoder()
        rows = try decoder.decode([[Double?]].self, from: Data(contentsOf: folder.appendingPathComponent("input.json")))
        let expected = try decoder.decode(
            Expected.self, from: Data(contentsOf: folder.appendingPathComponent("expected.json")))
        margin = expected.margin
        prediction = expected.prediction.map(\.values)
        probabilities = expected.probabilities
    }
}

/// Imports bytes as XGBoost's, or tells why not.
func importXGBoost(_ bytes: [UInt8]) -> Result<ImportedModel, ImportError> {
    let span = bytes.span
    do throws(ImportError) {
        return .success(try XGBoostImporter().importModel(span))
    } catch {
        return .failure(error)
    }
}

func recognizesXGBoost(_ bytes: [UInt8]) -> Bool { XGBoostImporter().recognizes(bytes.span) }

/// The refusal, if it was one.
func xgboostRefusal(of bytes: [UInt8]) -> ImportError? {
    guard case .failure(let error) = importXGBoost(bytes) else { return nil }
    return error
}

func xgboostRefusal(of text: String) -> ImportError? { xgboostRefusal(of: Array(text.utf8)) }
