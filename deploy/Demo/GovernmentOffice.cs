namespace BloodPlatform.Demo;

/// <summary>
/// Part 2: a government office goes to the central blood station in the spring of 2020, when stocks ran short: forms, hand hygiene, temperature,
/// consultation, test, and everyone gives 400 ml.
/// </summary>
public static class GovernmentOffice
{
    private const int Members = 12;
    private static readonly (DateOnly From, DateOnly Until) Born = (new(1968, 1, 1), new(1979, 12, 31));

    public static async Task<PlayedDrive> Play(Api api, Action<string> say)
    {
        var office = await api.Once("government-organisation", "station", "/v1/organisations", new
        {
            name = "市级某办公室", kind = "government", district = "440703", members = 30, coordinator = new { name = "庚沙盒", phone = "12600000001" },
        });
        var parts = Enumerable.Range(0, Members).Select(i => new Part($"government-{i:D3}", People.Of('乙', i, Born.From, Born.Until), Fate.Donates, i / 2, 400, 397 + (i % 7))).ToArray();
        return await new PastDrive(api, "government", "Government office, 2020-03-18", office,
            new { name = "沙盒中心血站", address = "沙盒市血站路1号", district = "440703" }, "血站一楼采血区", "党员干部带头献血",
            China.At(2020, 3, 18, 9), China.At(2020, 3, 18, 12), SlotMinutes: 30, Capacity: 4, parts).Play(say);
    }
}
