namespace BloodPlatform.Demo;

/// <summary>
/// Part 1: the university's drive of 2024-03-05, at which 196 people gave blood (figure F3). Who did not come and who was sent home nobody
/// reported; they are invented here.
/// </summary>
public static class University
{
    /// <summary>Reported: 当天，现场有196人成功献血.</summary>
    public const int Donations = 196;

    private static readonly (Fate Fate, int Booked, int WalkIns)[] Day =
    [
        (Fate.Donates, 184, 12), (Fate.NoShow, 17, 0), (Fate.Warm, 3, 0), (Fate.HighPressure, 5, 1), (Fate.Cold, 6, 1), (Fate.LowHaemoglobin, 7, 0),
    ];

    // Students: between 18 and 23 on the day.
    private static readonly (DateOnly From, DateOnly Until) Born = (new(2001, 3, 1), new(2006, 2, 28));
    private static readonly int[] Volumes = [200, 300, 200, 400, 200, 300, 200, 300, 200, 400];

    public static Task<PlayedDrive> Play(Api api, Action<string> say)
    {
        var fates = Day.SelectMany(d => Enumerable.Repeat((d.Fate, Booked: true), d.Booked).Concat(Enumerable.Repeat((d.Fate, Booked: false), d.WalkIns))).ToArray();
        var parts = fates.Select((f, i) =>
        {
            var nominal = Volumes[i % Volumes.Length];
            // Bags are weighed: a few ml more or less, and every fiftieth collection stops early.
            var collected = i % 50 == 49 ? nominal * 3 / 4 : nominal - 9 + (i * 7 % 19);
            return new Part($"university-{i:D3}", People.Of('甲', i, Born.From, Born.Until), f.Fate, f.Booked ? i % 16 : null, nominal, collected);
        }).ToArray();
        return new PastDrive(api, "university", "University, 2024-03-05", api.Credentials.Organisations["university"],
            new { name = "沙盒大学体育馆", address = "沙盒市大学路1号", district = "440703", latitude = 22.599, longitude = 113.084 }, "体育馆一层", "花开校园，传承雷锋精神",
            China.At(2024, 3, 5, 9), China.At(2024, 3, 5, 17), SlotMinutes: 30, Capacity: 15, parts).Play(say);
    }
}
