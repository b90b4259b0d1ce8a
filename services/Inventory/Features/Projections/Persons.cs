using BloodPlatform.Contracts.Donor;

namespace BloodPlatform.Inventory.Features.Projections;

/// <summary>Which donor ids are one person, as SQL: what is asked for one of them is answered for all.</summary>
internal static class Persons
{
    /// <summary>The donor who stands for the person of an id.</summary>
    public static string Of(string donor) => $"coalesce((select q.person_id from inventory.donor_person q where q.donor_id = {donor}), {donor})";

    /// <summary>Every id of the person, as a subquery.</summary>
    public static string Ids(string donor) => $"(select {Of(donor)} union select q.donor_id from inventory.donor_person q where q.person_id = {Of(donor)})";

    /// <summary>Takes what <see cref="Moved"/> gives: of each id the greatest version stands.</summary>
    public const string Keep = """
        insert into inventory.donor_person (donor_id, person_id, version) select m.id, @person, m.version from unnest(@ids, @versions) as m(id, version)
        on conflict (donor_id) do update set person_id = excluded.person_id, version = excluded.version where excluded.version > donor_person.version;
        """;

    public static (Guid[] Ids, long[] Versions) Moved(MovedDonor[] donors) => ([.. donors.Select(d => d.DonorId)], [.. donors.Select(d => d.Version)]);

    /// <summary>The same of a query of one column of donor ids.</summary>
    public static string IdsOfAll(string donors) => $"select i.id from ({donors}) w(donor_id) cross join lateral {Ids("w.donor_id")} as i(id)";
}
