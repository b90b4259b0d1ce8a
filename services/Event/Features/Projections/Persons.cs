using BloodPlatform.Contracts.Donor;
using Npgsql;

namespace BloodPlatform.Drives.Features.Projections;

/// <summary>Which donor ids are one person, as SQL: what is asked for one of them is answered for all.</summary>
internal static class Persons
{
    /// <summary>The donor who stands for the person of an id.</summary>
    public static string Of(string donor) => $"coalesce((select q.person_id from event.donor_person q where q.donor_id = {donor}), {donor})";

    /// <summary>Every id of the person, as a subquery.</summary>
    public static string Ids(string donor) => $"(select {Of(donor)} union select q.donor_id from event.donor_person q where q.person_id = {Of(donor)})";

    /// <summary>Takes what <see cref="Moved"/> gives: of each id the greatest version stands.</summary>
    public const string Keep = """
        insert into event.donor_person (donor_id, person_id, version) select m.id, @person, m.version from unnest(@ids, @versions) as m(id, version)
        on conflict (donor_id) do update set person_id = excluded.person_id, version = excluded.version where excluded.version > donor_person.version;
        """;

    public static (Guid[] Ids, long[] Versions) Moved(MovedDonor[] donors) => ([.. donors.Select(d => d.DonorId)], [.. donors.Select(d => d.Version)]);

    /// <summary>A merge came between: the work is run again, as after a serialisation failure.</summary>
    public static PostgresException MergedMeanwhile() => new("the donor was merged meanwhile", "ERROR", "ERROR", PostgresErrorCodes.SerializationFailure);
}
