internal import ArgumentParser

/// The command line: arguments in, exit code out.
@main
struct Vencejo: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "vencejo",
        abstract: "Serves scikit-learn, XGBoost, LightGBM and CatBoost models, from the file on disk, with no Python.",
        discussion: """
            Start with the file you have:

              vencejo serve house-price.pkl
              curl localhost:8080/predict -d '{"CRIM": 0.15, "RM": 5.45, "LSTAT": 18.06}'

            Look into it, or predict without a server:

              vencejo inspect house-price.pkl
              vencejo predict house-price.pkl < rows.json

            Model files are read as data: nothing in them is ever run.
            """,
        version: "0.1.0",
        subcommands: [
            Serve.self, Predict.self, Inspect.self, Bundle.self, Push.self, Models.self, Formats.self, Probe.self,
        ])
}
