import Foundation
import Testing

/// What LightGBM, XGBoost and CatBoost themselves answered, for every fixture.
@Suite struct BoostingParityTests {
    static let all: [ParityCase] = {
        guard let root = Bundle.module.url(forResource: "Fixtures/boosting", withExtension: nil) else { return [] }
        return ParityCase.cases(in: root)
    }()

    static func named(_ name: String) throws -> ParityCase { try #require(all.first { $0.name == name }) }

    @Test(arguments: all)
    func agreesWithTheLibrary(fixture: ParityCase) throws {
        let comparison = try ParityComparison(fixture)
        #expect(comparison.differences.isEmpty, "\(comparison.differences.prefix(10).joined(separator: "\n"))")
        #expect(comparison.numberCount > 0)
    }

    @Test func hasFixturesOfEveryVersion() {
        let versions = Set(Self.all.map { $0.name.split(separator: "/")[0] })
        #expect(
            versions == [
                "catboost-1.2.8", "lightgbm-3.3.5", "lightgbm-4.6.0", "xgboost-0.90", "xgboost-1.0.2", "xgboost-1.5.2",
                "xgboost-1.7.6",
                "xgboost-2.1.4", "xgboost-3.1.2",
            ])
    }
}
