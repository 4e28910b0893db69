internal import ModelIR

/// Which stage computes which value of a graph: for each value the plan that is cheapest with all that stands before
/// it, and the reference where nothing else runs.
struct TiledPlan {
    /// One value that is computed, and how.
    struct Step {
        let value: ValueID
        let stageName: String
        let plan: StagePlan
        /// The stages that were not taken for this value, in the order of the list.
        let others: [Other]
    }

    /// A stage that offered itself, or that says why it cannot.
    struct Other {
        let name: String
        let reason: String
    }

    /// In the order in which they run.
    let steps: [Step]

    /// - Parameters:
    ///   - name: the stage to take wherever it can run, whatever it costs; nil for the cheapest.
    ///   - builders: those that may offer; all but in tests.
    /// - Throws: `ImportError` where that stage is unknown, or can run no part of the graph.
    init(
        _ graph: OptimizedGraph, forcing name: String?, of builders: [any StageBuilder] = StageList.all
    ) throws(ImportError) {
        if let name, !builders.contains(where: { $0.name == name }) {
            throw ImportError(
                .unsupported, at: "predictor", found: "\"\(name)\"",
                expected: builders.map(\.name).joined(separator: ", "))
        }
        var best: [Step] = []
        // The cost of a value with everything that it needs, as if nothing else needed that too.
        var costs: [Double] = []
        var refusals: [String] = []
        for index in graph.nodes.indices {
            let value = ValueID(index: index)
            var chosen: (name: String, plan: StagePlan, cost: Double)?
            var others: [Other] = []
            for builder in builders {
                // The reference is what runs where nothing else does, however little it says that it costs.
                if chosen != nil, builder.name == ReferencePredictor.name { continue }
                switch Self.offer(of: builder, for: value, in: graph) {
                case nil: continue
                case .cannotRun(let reason):
                    others.append(Other(name: builder.name, reason: reason))
                    if builder.name == name { refusals.append(reason) }
                case .runs(let plan):
                    let cost = plan.weight + plan.inputs.reduce(0) { $0 + costs[$1.index] }
                    let isForced = builder.name == name
                    if let known = chosen, known.name == name || (!isForced && known.cost <= cost) {
                        others.append(Other(name: builder.name, reason: plan.costText))
                    } else {
                        if let known = chosen { others.append(Other(name: known.name, reason: known.plan.costText)) }
                        chosen = (builder.name, plan, cost)
                    }
                }
            }
            guard let chosen else { preconditionFailure("the reference runs every value") }
            best.append(Step(value: value, stageName: chosen.name, plan: chosen.plan, others: others))
            costs.append(chosen.cost)
        }
        steps = Self.needed(best, for: graph)
        if let name, !steps.contains(where: { $0.stageName == name }) {
            throw ImportError(
                .unsupported, at: "predictor \"\(name)\"",
                found: "a model that it cannot run: " + (refusals.first ?? "it has no part of that kind"),
                expected: "another predictor")
        }
    }

    /// The builder's offer, unless the stage would cover a step that has to look at each row's numbers.
    private static func offer(
        of builder: any StageBuilder, for value: ValueID, in graph: OptimizedGraph
    ) -> StageOffer? {
        let offer = builder.offer(for: value, of: graph)
        guard case .runs(let plan) = offer else { return offer }
        let node = graph.nodes[value.index]
        guard plan.inputs != node.node.inputs else { return .runs(plan) }
        let covered = graph.values(for: value, from: plan.inputs)
        guard covered.allSatisfy({ graph.nodes[$0.index].inputCheck == .none }) else {
            return .cannotRun(reason: "a step that it would fold in checks the numbers that another one computes")
        }
        return .runs(plan)
    }

    /// The steps that the outputs need.
    private static func needed(_ steps: [Step], for graph: OptimizedGraph) -> [Step] {
        var isNeeded = [Bool](repeating: false, count: steps.count)
        for output in graph.outputs { isNeeded[output.value.index] = true }
        for index in steps.indices.reversed() where isNeeded[index] {
            for input in steps[index].plan.inputs { isNeeded[input.index] = true }
        }
        return steps.indices.filter { isNeeded[$0] }.map { steps[$0] }
    }
}

extension StagePlan {
    /// What plans are compared by: rows come alone as often as together.
    var weight: Double { nanosecondsPerRow + nanosecondsPerRowOfMany }

    fileprivate var costText: String { "about \(Int(nanosecondsPerRow.rounded())) ns a row" }
}
