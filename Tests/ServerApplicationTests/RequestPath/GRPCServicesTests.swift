import HTTPCore
import ServingProtocols
import Synchronization
import Testing

@testable import ServerApplication

@Suite struct GRPCServicesTests {
    @Test func everyMethodIsARoute() {
        let paths = GRPCServices.dispatcher(ServerState(), OpenInferenceService(messageBytesMax: 1)).paths
        let routes = RequestRoute.allCases.filter(\.isGRPC)
        #expect(Set(routes.map(\.template)) == Set(paths))
        #expect(routes.allSatisfy { $0.method == "POST" })
    }

    @Test func thereIsRoomForTheLongestMessage() {
        #expect(GRPCServices.limits(OpenInferenceService(messageBytesMax: 1)).gatheredBytesMax == 64 << 20)
        #expect(GRPCServices.limits(OpenInferenceService(messageBytesMax: 1 << 30)).gatheredBytesMax == 2 << 30)
        #expect(GRPCServices.limits(OpenInferenceService(messageBytesMax: .max)).gatheredBytesMax == .max)
    }

    @Test func whoListensIsToldOfEachAdvance() {
        let state = ServerState()
        let seen = Mutex<[ServerState.Phase]>([])
        state.advance(to: .ready)
        state.listen { seen.withLock { $0.append(state.current) } }
        state.advance(to: .draining)
        #expect(seen.withLock { $0 } == [.draining])
    }
}
