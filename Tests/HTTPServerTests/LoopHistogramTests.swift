import Testing

@testable import HTTPServer

@Suite struct LoopHistogramTests {
    @Test(arguments: 0..<LoopHistogram.bounds.count)
    func countsEachValueInTheFirstBucketThatHoldsIt(_ index: Int) {
        let histogram = LoopHistogram()
        #expect(histogram.bucketCounts == [UInt64](repeating: 0, count: 16) && histogram.sum == 0)
        let bound = LoopHistogram.bounds[index]
        histogram.record(bound - 1)
        histogram.record(bound)
        histogram.record(bound + 1)
        #expect(histogram.bucketCounts[index] == 2 && histogram.bucketCounts[index + 1] == 1)
        #expect(histogram.bucketCounts.reduce(0, +) == 3 && histogram.sum == 3 * bound)
    }

    @Test func holdsWhatNoBoundDoes() {
        let histogram = LoopHistogram()
        histogram.record(.max)
        histogram.record(0)
        #expect(histogram.bucketCounts.first == 1 && histogram.bucketCounts.last == 1)
    }
}
