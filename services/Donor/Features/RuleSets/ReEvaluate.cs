using BloodPlatform.Chassis;
using BloodPlatform.Donors.Data;
using BloodPlatform.Donors.Features.ContactPreferences;
using BloodPlatform.Donors.Rules;

namespace BloodPlatform.Donors.Features.RuleSets;

/// <summary>
/// After a version was published every donor is judged anew, some hundred at a time, and only those whose dates changed are
/// announced. Rows are locked as in any other change: what was decided beside it by the old rules is seen or waited for.
/// </summary>
public static class ReEvaluate
{
    public const string Kind = "re-evaluate-donors";
    private const int AtOnce = 250;

    /// <param name="Position">Of the version that was published.</param>
    public sealed record Order(string RuleSet, string Version, long Position);

    private sealed record State(Guid After, long Changed);

    public static async Task<JobStep> Step(Job job, Transaction tx, IServiceProvider services)
    {
        var state = job.Cursor<State>() ?? new(Guid.Empty, 0);
        var total = job.Total ?? await tx.QuerySingle<long>("select count(*) from donor.donor");
        var (people, book, read, last) = await Population.After(tx, services.GetRequiredService<Vault>(), services.GetRequiredService<RuleBooks>(), state.After, AtOnce, locked: true);
        var (changed, today) = (0, Shanghai.DateOf(tx.Now));
        var reminders = people.ConvertAll(person => (person.Id, Obstacles: Eligibility.Obstacles(person.Facts, PreferenceRow.ProcedureOf(person.Facts), book)));
        PreferenceRow.Move(tx, [.. reminders.Select(p => (p.Id, Reminders.Next(p.Obstacles, today))).Where(p => p.Item2 is not null).Select(p => (p.Id, p.Item2!.Value))], [.. reminders.Where(p => Reminders.IsOpen(p.Obstacles, today)).Select(p => p.Id)], today);
        foreach (var person in people)
        {
            var windows = DonorFile.Windows(person.Id, person.Version + 1, person.Facts, book, tx.Now);
            var digest = DonorFile.DigestOf(windows);
            if (person.WindowsDigest is { } known && digest.AsSpan().SequenceEqual(known)) continue;
            tx.Append(windows);
            tx.Write("update donor.donor set version = version + 1, windows_digest = @digest where id = @Id and version = @Version", new { person.Id, person.Version, digest });
            changed++;
        }
        var (done, all) = (job.Done + read, state.Changed + changed);
        return last is { } after ? JobStep.Next(new State(after, all), done, Math.Max(total, done)) : JobStep.Finished(new { examined = done, changed = all }, done);
    }
}
