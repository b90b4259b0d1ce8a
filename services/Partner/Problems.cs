using BloodPlatform.Chassis;

namespace BloodPlatform.Partners;

/// <summary>Why this service says no, a line each. Codes are published: add, never change.</summary>
public static class Problems
{
    public static readonly ProblemCode TenantKindMismatch = new("tenant_kind_mismatch", 422, "该组织的类别与客户端角色不符", "An organisation of this kind can't have a client of this role");
    public static readonly ProblemCode ClientRevoked = new("client_revoked", 409, "该客户端已被吊销", "The client was revoked and stays so; register another");
    public static readonly ProblemCode StaffNumberTaken = new("staff_number_taken", 409, "本单位已有此工号", "The tenant already has this staff number");
    public static readonly ProblemCode SignInFailed = new("sign_in_failed", 403, "工号或 PIN 不正确", "The staff number or the PIN is wrong");
    public static readonly ProblemCode SignInLocked = new("sign_in_locked", 429, "PIN 连续错误，该工号暂时锁定", "Too many wrong PINs; the number is locked for a while");
    public static readonly ProblemCode StaffNotQualified = new("staff_not_qualified", 403, "该工作人员资质已过期或已停用", "The member of staff is suspended or no longer qualified");
    public static readonly ProblemCode FeedPositionAhead = new("feed_position_ahead", 409, "该位置超出事件流末尾，请从 0 重新读取", "The position lies beyond the feed's end: another system's, or one before a restore. Read again from 0");
}
