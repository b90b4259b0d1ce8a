using BloodPlatform.Chassis;

namespace BloodPlatform.Partners.Rules;

/// <summary>What a member of staff may answer for; the API outline, "Access", says which act needs which.</summary>
public static class StaffFunctions
{
    public static readonly string[] All = ["registrar", "physician", "phlebotomist", "laboratory", "processing", "release", "issue", "quality", "claims"];

    /// <summary>Each known and named once, at least one.</summary>
    public static Rejection? Check(IReadOnlyList<string> functions)
    {
        List<FieldError> errors = [];
        if (functions.Count == 0) errors.Add(new("/functions", "required", "Name at least one function"));
        foreach (var (function, i) in functions.Select((f, i) => (f, i)))
            if (!All.Contains(function)) errors.Add(new($"/functions/{i}", "invalid", $"One of: {string.Join(' ', All)}"));
            else if (functions.Take(i).Contains(function)) errors.Add(new($"/functions/{i}", "duplicate", "Named twice"));
        return errors.Count == 0 ? null : CommonProblems.Invalid.Because(null, [.. errors]);
    }
}
