import Measures
import Testing

@Suite struct ColorTests {
    /// Sharma, Wu and Dalal, "The CIEDE2000 Color-Difference Formula: Implementation Notes,
    /// Supplementary Test Data, and Mathematical Observations", Color Research and Application 30(1),
    /// 2005, table 1: L, a, b of two colours and their difference.
    static let published: [[Double]] = [
        [50.0000, 2.6772, -79.7751, 50.0000, 0.0000, -82.7485, 2.0425],
        [50.0000, 3.1571, -77.2803, 50.0000, 0.0000, -82.7485, 2.8615],
        [50.0000, 2.8361, -74.0200, 50.0000, 0.0000, -82.7485, 3.4412],
        [50.0000, -1.3802, -84.2814, 50.0000, 0.0000, -82.7485, 1.0000],
        [50.0000, -1.1848, -84.8006, 50.0000, 0.0000, -82.7485, 1.0000],
        [50.0000, -0.9009, -85.5211, 50.0000, 0.0000, -82.7485, 1.0000],
        [50.0000, 0.0000, 0.0000, 50.0000, -1.0000, 2.0000, 2.3669],
        [50.0000, -1.0000, 2.0000, 50.0000, 0.0000, 0.0000, 2.3669],
        [50.0000, 2.4900, -0.0010, 50.0000, -2.4900, 0.0009, 7.1792],
        [50.0000, 2.4900, -0.0010, 50.0000, -2.4900, 0.0010, 7.1792],
        [50.0000, 2.4900, -0.0010, 50.0000, -2.4900, 0.0011, 7.2195],
        [50.0000, 2.4900, -0.0010, 50.0000, -2.4900, 0.0012, 7.2195],
        [50.0000, -0.0010, 2.4900, 50.0000, 0.0009, -2.4900, 4.8045],
        [50.0000, -0.0010, 2.4900, 50.0000, 0.0010, -2.4900, 4.8045],
        [50.0000, -0.0010, 2.4900, 50.0000, 0.0011, -2.4900, 4.7461],
        [50.0000, 2.5000, 0.0000, 50.0000, 0.0000, -2.5000, 4.3065],
        [50.0000, 2.5000, 0.0000, 73.0000, 25.0000, -18.0000, 27.1492],
        [50.0000, 2.5000, 0.0000, 61.0000, -5.0000, 29.0000, 22.8977],
        [50.0000, 2.5000, 0.0000, 56.0000, -27.0000, -3.0000, 31.9030],
        [50.0000, 2.5000, 0.0000, 58.0000, 24.0000, 15.0000, 19.4535],
        [50.0000, 2.5000, 0.0000, 50.0000, 3.1736, 0.5854, 1.0000],
        [50.0000, 2.5000, 0.0000, 50.0000, 3.2972, 0.0000, 1.0000],
        [50.0000, 2.5000, 0.0000, 50.0000, 1.8634, 0.5757, 1.0000],
        [50.0000, 2.5000, 0.0000, 50.0000, 3.2592, 0.3350, 1.0000],
        [60.2574, -34.0099, 36.2677, 60.4626, -34.1751, 39.4387, 1.2644],
        [63.0109, -31.0961, -5.8663, 62.8187, -29.7946, -4.0864, 1.2630],
        [61.2901, 3.7196, -5.3901, 61.4292, 2.2480, -4.9620, 1.8731],
        [35.0831, -44.1164, 3.7933, 35.0232, -40.0716, 1.5901, 1.8645],
        [22.7233, 20.0904, -46.6940, 23.0331, 14.9730, -42.5619, 2.0373],
        [36.4612, 47.8580, 18.3852, 36.2715, 50.5065, 21.2231, 1.4146],
        [90.8027, -2.0831, 1.4410, 91.1528, -1.6435, 0.0447, 1.4441],
        [90.9257, -0.5406, -0.9208, 88.6381, -0.8985, -0.7239, 1.5381],
        [6.7747, -0.2908, -2.4247, 5.8714, -0.0985, -2.2286, 0.6377],
        [2.0776, 0.0795, -1.1350, 0.9033, -0.0636, -0.5514, 0.9082],
    ]

    @Test("CIEDE2000 gives the published differences", arguments: published)
    func differences(pair: [Double]) {
        let (a, b) = (Lab(pair[0], pair[1], pair[2]), Lab(pair[3], pair[4], pair[5]))
        #expect(abs(colorDifference(a, b) - pair[6]) < 5e-5)
        #expect(abs(colorDifference(b, a) - pair[6]) < 5e-5)
    }

    @Test("all published pairs are there")
    func count() { #expect(Self.published.count == 34) }

    @Test("Lab of white, black, grey and the primaries (Lindbloom's calculator)")
    func lab() {
        func check(_ rgb: (Double, Double, Double), _ lab: (Double, Double, Double)) {
            let found = Lab(red: rgb.0, green: rgb.1, blue: rgb.2)
            #expect(abs(found.lightness - lab.0) < 0.01, "\(rgb): \(found)")
            #expect(abs(found.a - lab.1) < 0.02, "\(rgb): \(found)")
            #expect(abs(found.b - lab.2) < 0.02, "\(rgb): \(found)")
        }
        check((1, 1, 1), (100, 0, 0))
        check((0, 0, 0), (0, 0, 0))
        check((1, 0, 0), (53.2408, 80.0925, 67.2032))
        check((0, 1, 0), (87.7347, -86.1827, 83.1793))
        check((0, 0, 1), (32.2970, 79.1875, -107.8602))
    }

    @Test("colourfulness of grey is 0, of two colours the worked number")
    func colours() {
        func plane(_ values: [Double]) -> Plane { Plane(width: 2, height: 1, values: values) }
        let grey = plane([10, 200])
        #expect(colourfulness(grey, grey, grey) == 0)
        // Red and blue: rg = 255, 0; yb = 127.5, -255.
        // Means 127.5 and -63.75, deviations 127.5 and 191.25.
        let found = colourfulness(plane([255, 0]), plane([0, 0]), plane([0, 255]))
        let wanted =
            (127.5 * 127.5 + 191.25 * 191.25).squareRoot()
            + 0.3 * (127.5 * 127.5 + 63.75 * 63.75).squareRoot()
        #expect(abs(found - wanted) < 1e-9)
    }

    @Test("the mean difference of pictures is that of their pixels")
    func pictures() {
        func plane(_ values: [Double]) -> Plane { Plane(width: 2, height: 1, values: values) }
        let (a, b) = (plane([255, 0]), plane([255, 51]))
        let one = colorDifference(
            Lab(red: 0, green: 0, blue: 0),
            Lab(red: 0.2, green: 0.2, blue: 0.2)
        )
        #expect(abs(meanColorDifference([a, a, a], [b, b, b]) - one / 2) < 1e-9)
    }

    @Test("a matched plane has the other's mean and deviation")
    func matching() {
        let plane = Plane(width: 4, height: 1, values: [1, 2, 3, 6])
        let other = Plane(width: 2, height: 1, values: [10, 30])
        let moments = Moments(plane.matched(to: other).values)
        #expect(abs(moments.mean - 20) < 1e-9 && abs(moments.deviation - 10) < 1e-9)
        let flat = Plane(width: 2, height: 1, values: [5, 5])
        #expect(flat.matched(to: other).values == [20, 20])
    }
}
