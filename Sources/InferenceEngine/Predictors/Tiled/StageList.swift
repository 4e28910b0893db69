/// The builders of stages: one line each. For each value the cheapest plan is taken; of equal ones, the first.
enum StageList {
    static let all: [any StageBuilder] = [
        // Models.
        RankedForestStageBuilder(),
        PackedForestStageBuilder(),
        LinearFoldStageBuilder(),
        TextLinearStageBuilder(),
        GemmStageBuilder(),
        KernelMachineStageBuilder(),
        PairwiseStageBuilder(),
        NeighborsStageBuilder(),
        // What stands before them and behind them.
        SelectStageBuilder(),
        MoveStageBuilder(),
        ScaleStageBuilder(),
        ImputeStageBuilder(),
        EncodeStageBuilder(),
        PackedActivationStageBuilder(),
        ActivationStageBuilder(),
        LabelStageBuilder(),
        // Everything.
        ReferenceStageBuilder(),
    ]
}
