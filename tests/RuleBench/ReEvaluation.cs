using System.Diagnostics;
using System.Text.Json.Nodes;
using BloodPlatform.Chassis;
using BloodPlatform.Donors.Rules;
using BloodPlatform.TestSupport;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace BloodPlatform.RuleBench;

/// <summary>
/// A version that moves the dates of about half of all donors, and how long the job needs for them, throttled as it is in service
/// (half of one connection's time). Demanded: 100,000 donors in 60 s; measured at a tenth and less, to see how it grows.
/// </summary>
public static class ReEvaluation
{
    public static async Task Measure(int[] sizes)
    {
        Console.WriteLine("  donors  announced    seconds  donors/s  100,000 would take");
        foreach (var size in sizes)
        {
            await using var service = await ServiceUnderTest.Start("donor", Donors.Program.Create);
            await Eventually.That(async () => await service.Database.Scalar<long>("select count(*) from donor.job where state = 'succeeded'") == 2);
            await Fill(service, size);

            var document = JsonNode.Parse(RuleBook.ReleaseDocuments.First().Text)!.AsObject();
            (document["version"], document["validFrom"]) = ("2", "2030-01-01");
            document["rules"]!.AsArray().Single(r => (string?)r!["code"] == "INTERVAL_WB_WB")!["months"] = 60; // touches who gave in the five years before
            var authority = service.As(Roles.Authority);
            var watch = Stopwatch.StartNew();
            var published = await authority.Post("/v1/rule-sets/cn-gb18467-2011/versions", document);
            if (published.Status != 201) throw new InvalidOperationException(published.ToString());
            Answer job;
            var seen = new List<long>();
            do
            {
                await Task.Delay(20);
                job = await authority.Get($"/v1/donor-jobs/{published["jobId"].GetGuid()}");
                if (seen.Count == 0 || seen[^1] != job["progress"].GetProperty("done").GetInt64()) seen.Add(job["progress"].GetProperty("done").GetInt64());
            } while (job.Text("state") is "queued" or "running");
            var seconds = watch.Elapsed.TotalSeconds;
            Console.WriteLine($"{size,8} {job["result"].GetProperty("changed").GetInt64(),10} {seconds,10:0.0} {size / seconds,9:0} {100000 * seconds / size,12:0} s   progress seen {seen.Count} times");
        }
    }

    /// <summary>Donors as registration would leave them, sealed under keys of their own; every other one gave in 2029.</summary>
    private static async Task Fill(ServiceUnderTest service, int count)
    {
        var vault = service.App.Services.GetRequiredService<Vault>();
        var now = TimeProvider.System.GetUtcNow();
        for (var from = 0; from < count; from += 500)
        {
            await using var scope = service.App.Services.CreateAsyncScope();
            await scope.ServiceProvider.GetRequiredService<Database>().InTransaction(tx =>
            {
                for (var i = from; i < Math.Min(count, from + 500); i++)
                {
                    var id = tx.NewId();
                    var key = vault.CreateKey(tx, id);
                    var (day, station) = (new DateOnly(2029, 1, 1).AddDays(i % 300), Guid.Empty);
                    tx.Write("""
                        insert into donor.donor (id, version, status, name, document_kind, document_number, document_index, birth_date, phone, phone_index, sex, consents, apps, identity_assurance, registered_at)
                        values (@id, 1, 'active', @name, 'resident-id', @name, @index, @born, @name, @index, 'male', '[]', '{}', 'document-seen', @now)
                        """, new { id, name = key.Seal("name", "甲"), index = vault.BlindIndex("bench", id.ToString()), born = key.Seal("birth_date", $"{new DateOnly(1990, 1, 1).AddDays(i % 3000):yyyy-MM-dd}"), now });
                    foreach (var years in i % 2 == 0 ? new[] { 0, 1, 2, 3 } : [])
                        tx.Write("""
                            insert into donor.donation (din, donor_id, visit_id, station_id, procedure, nominal_ml, collected_ml, donated_on, started_at, backfilled, recorded_at)
                            values (@din, @id, @visit, @station, 'whole-blood', 400, 400, @on, @now, false, @now)
                            """, new { din = $"B{i:00000000}{years}", id, visit = tx.NewId(), station, on = day.AddYears(-years), now });
                }
                return Task.CompletedTask;
            }, CancellationToken.None);
        }
        // What was announced to them before, so that only what differs is announced.
        await using (var scope = service.App.Services.CreateAsyncScope())
            await scope.ServiceProvider.GetRequiredService<Database>().InTransaction(tx => { tx.StartJob("re-evaluate-donors", new { ruleSet = "cn-gb18467-2011", version = "1", position = 2 }); return Task.CompletedTask; }, CancellationToken.None);
        await Eventually.That(async () => await service.Database.Scalar<long>("select count(*) from donor.job where state = 'succeeded'") == 3, 600);
    }
}
