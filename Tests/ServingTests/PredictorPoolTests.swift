import Testing

@testable import Serving

struct PredictorPoolTests {
    @Test func findsEachModelByTheBytesOfItsName() {
        let names = (0..<100).map { "model-\($0)" } + ["a", "A", "a.b_c-d"]
        let models = names.map { makeModel($0) }
        let pool = makePool(models, defaultName: "A")
        for model in models {
            let bytes = Array(model.name.utf8)
            #expect(pool.model(named: bytes.span) === model)
            #expect(pool.contains(model))
        }
        #expect(pool.model(named: "model-100") == nil)
        #expect(pool.model(named: "") == nil)
        #expect(pool.model(named: "model-") == nil)
        #expect(pool.defaultModel?.name == "A")
        #expect(pool.names == names.sorted())
        #expect(!pool.contains(makeModel("a")), "another version of the name is another model")
    }

    @Test func hasNoDefaultWhereItsNameIsGone() {
        #expect(makePool([makeModel("a")], defaultName: "b").defaultModel == nil)
        #expect(PredictorPool.empty.model(named: "a") == nil)
        #expect(PredictorPool.empty.defaultModel == nil)
    }

    @Test(arguments: ["a", "9", "churn", "a.b", "A_b-c.9", String(repeating: "x", count: 128)])
    func takesNames(name: String) {
        #expect(ModelName.isValid(name))
    }

    @Test(arguments: [
        "", ".", "..", "-a", "_a", ".a", "a/b", "a\\b", "a b", "a%2fb", "a\n", "\u{e9}", "a\u{0}",
        String(repeating: "x", count: 129), "../../etc/passwd",
    ])
    func refusesNames(name: String) {
        #expect(!ModelName.isValid(name))
    }
}
